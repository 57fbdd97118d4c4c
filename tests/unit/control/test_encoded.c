/* SPDX-License-Identifier: BSD-3-Clause */

/* One encoding for many: it lives as long as somebody has it, counts once, and a key is wiped. */

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encoded.h"

static const uint8_t tek[32] = "0123456789abcdef0123456789abcde";
static unsigned freed_with_key;

void __real_free(void *memory);
void __wrap_free(void *memory);

void __wrap_free(void *memory)
{
	if (memory && memmem(memory, malloc_usable_size(memory), tek, sizeof(tek)))
		freed_with_key++;
	__real_free(memory);
}

static struct encoded *new_install(void)
{
	Covey__SaInstall install = COVEY__SA_INSTALL__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	struct encoded *encoded = NULL;

	install.group = "tenants";
	install.tek = (ProtobufCBinaryData){sizeof(tek), (uint8_t *)tek};
	message.body_case = COVEY__MESSAGE__BODY_SA_INSTALL;
	message.sa_install = &install;
	assert_int_equal(encoded_new(&message, 10, &encoded), -EMSGSIZE);
	assert_null(encoded);
	assert_int_equal(encoded_new(&message, 1000, &encoded), 0);
	return encoded;
}

static void it_lives_until_the_last_has_let_go(void **state)
{
	struct encoded *encoded = new_install();

	assert_ptr_equal(encoded_ref(encoded), encoded);
	encoded_unref(encoded);
	assert_true(encoded_is_secret(encoded));
	assert_non_null(memmem(encoded_data(encoded), encoded_len(encoded), tek, sizeof(tek)));
	encoded_unref(encoded);
	encoded_unref(NULL);
	assert_int_equal(freed_with_key, 0);
}

static void it_counts_once(void **state)
{
	struct queue_account *account = queue_account_new();
	struct encoded *first = new_install(), *second = new_install();

	assert_non_null(account);
	queue_account_add(account, 5);
	encoded_count(first, account);
	encoded_count(first, account);
	assert_int_equal(queue_account_bytes(account), 5 + encoded_len(first));
	encoded_count(second, account);
	encoded_unref(second);
	assert_int_equal(queue_account_bytes(account), 5 + encoded_len(first));
	queue_account_subtract(account, 5);
	/* What is counted keeps the account. */
	queue_account_unref(queue_account_ref(account));
	queue_account_unref(account);
	assert_int_equal(queue_account_bytes(account), encoded_len(first));
	encoded_unref(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_lives_until_the_last_has_let_go),
		cmocka_unit_test(it_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
