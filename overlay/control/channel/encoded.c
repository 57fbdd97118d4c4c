/* SPDX-License-Identifier: BSD-3-Clause */
#include "encoded.h"

#include <errno.h>
#include <stdlib.h>

#include "secret.h"

struct encoded {
	size_t references;
	bool secret;
	size_t len;
	uint8_t *data;
	struct queue_account *account; /* NULL: not counted */
};

int encoded_new(const Covey__Message *message, size_t max, struct encoded **ret_encoded)
{
	struct encoded *encoded = calloc(1, sizeof(*encoded));
	int status;

	if (!encoded)
		return -ENOMEM;
	status = message_encode(message, max, &encoded->data, &encoded->len);
	if (status < 0) {
		free(encoded);
		return status;
	}
	encoded->references = 1;
	encoded->secret = message->body_case == COVEY__MESSAGE__BODY_SA_INSTALL;
	*ret_encoded = encoded;
	return 0;
}

struct encoded *encoded_ref(struct encoded *encoded)
{
	encoded->references++;
	return encoded;
}

void encoded_unref(struct encoded *encoded)
{
	if (!encoded || --encoded->references > 0)
		return;
	if (encoded->account) {
		queue_account_subtract(encoded->account, encoded->len);
		queue_account_unref(encoded->account);
	}
	secret_free(encoded->data);
	free(encoded);
}

void encoded_count(struct encoded *encoded, struct queue_account *account)
{
	if (encoded->account)
		return;
	encoded->account = queue_account_ref(account);
	queue_account_add(account, encoded->len);
}

bool encoded_is_secret(const struct encoded *encoded)
{
	return encoded->secret;
}

const uint8_t *encoded_data(const struct encoded *encoded)
{
	return encoded->data;
}

size_t encoded_len(const struct encoded *encoded)
{
	return encoded->len;
}
