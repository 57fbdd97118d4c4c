/* SPDX-License-Identifier: BSD-3-Clause */
#include "queue_account.h"

#include <stdlib.h>

struct queue_account {
	size_t references;
	size_t bytes;
};

struct queue_account *queue_account_new(void)
{
	struct queue_account *account = calloc(1, sizeof(*account));

	if (account)
		account->references = 1;
	return account;
}

/* Everything that is counted holds a reference: libevent may free a queue after all else is gone.
 */
struct queue_account *queue_account_ref(struct queue_account *account)
{
	account->references++;
	return account;
}

void queue_account_unref(struct queue_account *account)
{
	if (account && --account->references == 0)
		free(account);
}

size_t queue_account_bytes(const struct queue_account *account)
{
	return account->bytes;
}

void queue_account_add(struct queue_account *account, size_t bytes)
{
	account->bytes += bytes;
}

void queue_account_subtract(struct queue_account *account, size_t bytes)
{
	account->bytes -= bytes;
}
