/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of few senders and of many: each its own, gone when its sender is. */
#include "keyring.h"
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <stdlib.h>
#include <string.h>

static struct ciphers *ciphers;
static struct kdf *kdf;

static int setup(void **state)
{
	return ciphers_new(1, true, &ciphers) == 0 ? kdf_new(&kdf) : -1;
}

static int teardown(void **state)
{
	kdf_free(kdf);
	ciphers_free(ciphers);
	return 0;
}

/* The sender's key as another implementation derives it, expanded. */
static void assert_key(const struct covey_sa *sa, uint16_t sender_id, const struct cipher_key *key)
{
	struct reference_sa reference = {
		.spi = sa->spi, .cipher = sa->cipher, .key_scope = sa->key_scope};
	struct cipher_key expected = {{0}};
	uint8_t raw[32];

	memcpy(reference.tek, sa->tek, sizeof(reference.tek));
	reference_key(&reference, sender_id, raw);
	assert_int_equal(cipher_expand(ciphers, sa->cipher, raw, &expected), 0);
	assert_memory_equal(key, &expected, sizeof(expected));
}

/* At both ends, and around where pages, small and huge ones, end. */
static const uint16_t ids[] = {1,    2,    3,    59,   60,   61,    62,    1926,
			       1927, 1928, 1929, 3854, 3855, 32768, 65534, 65535};

#define IDS (sizeof(ids) / sizeof(ids[0]))

static void run(enum covey_key_scope scope, size_t expected_senders)
{
	const struct cipher_key *keys[IDS], *again;
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	struct keyring *keyring;

	sa.key_scope = scope;
	assert_int_equal(keyring_new(ciphers, kdf, &sa, &keyring), 0);
	for (unsigned i = 0; i < IDS; i++) {
		/* The roster may grow while the SA lives. */
		if (i == IDS / 2)
			keyring_expect(keyring, expected_senders);
		assert_int_equal(keyring_add(keyring, ids[i], &keys[i]), 0);
	}
	for (unsigned i = 0; i < IDS; i++)
		assert_key(&sa, ids[i], keys[i]);
	for (unsigned i = 0; i < IDS; i += 2)
		keyring_drop(keyring, ids[i]);
	for (unsigned i = 0; i < IDS; i++) {
		static const struct cipher_key none;

		if (i % 2 == 1 || scope == COVEY_KEY_SCOPE_GROUP)
			assert_key(&sa, ids[i], keys[i]);
		else
			assert_memory_equal(keys[i], &none, sizeof(none));
		assert_int_equal(keyring_add(keyring, ids[i], &again), 0);
		assert_ptr_equal(again, keys[i]);
		assert_key(&sa, ids[i], again);
	}
	keyring_free(keyring);
}

static void test_few_senders(void **state)
{
	run(COVEY_KEY_SCOPE_SENDER, 3);
}

static void test_many_senders(void **state)
{
	run(COVEY_KEY_SCOPE_SENDER, COVEY_ROSTER_MAX);
}

static void test_group_key(void **state)
{
	run(COVEY_KEY_SCOPE_GROUP, COVEY_ROSTER_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_senders),
		cmocka_unit_test(test_many_senders),
		cmocka_unit_test(test_group_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
