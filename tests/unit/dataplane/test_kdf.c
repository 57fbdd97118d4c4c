/* SPDX-License-Identifier: BSD-3-Clause */
#include "hex.h"
#include "kdf.h"
#include "reference.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* RFC 5869's cases without salt: a salt is all that our use of HKDF lacks. */
static void test_published(void **state)
{
	char line[4096], ikm[1024], info[1024], okm[1024];
	struct kdf *kdf;
	unsigned cases = 0;
	FILE *vectors = hex_vectors("hkdf");

	assert_int_equal(kdf_new(&kdf), 0);
	while (fgets(line, sizeof(line), vectors)) {
		uint8_t secret[512], label[512], expected[512], key[512];
		size_t secret_len, info_len, key_len;

		assert_int_equal(sscanf(line, "%1023s %1023s %1023s", ikm, info, okm), 3);
		secret_len = hex_read(ikm, secret);
		info_len = hex_read(info, label);
		key_len = hex_read(okm, expected);
		assert_int_equal(kdf_hkdf(kdf, secret, secret_len, label, info_len, key, key_len),
				 0);
		assert_memory_equal(key, expected, key_len);
		cases++;
	}
	hex_close(vectors);
	kdf_free(kdf);
	assert_true(cases > 0);
}

/* The whole derivation against HMAC: label, order and lengths. */
static void test_sender_key(void **state)
{
	struct reference_sa sa = {.key_scope = COVEY_KEY_SCOPE_SENDER};
	uint8_t expected[32], key[32];
	struct kdf *kdf;

	assert_int_equal(kdf_new(&kdf), 0);
	for (unsigned i = 0; i < 2000; i++) {
		uint16_t sender_id = (uint16_t)(i * 31 + 1);
		size_t len;

		sa.cipher = i & 1 ? COVEY_AES_128_GCM : COVEY_AES_256_GCM;
		sa.spi = 256 + i * 0x01234567;
		for (unsigned b = 0; b < 32; b++)
			sa.tek[b] = (uint8_t)rand();
		len = reference_key(&sa, sender_id, expected);
		memset(key, 0xee, sizeof(key));
		assert_int_equal(kdf_sender_key(kdf, sa.tek, len, sa.spi, sender_id, key), 0);
		assert_memory_equal(key, expected, len);
		if (len < 32)
			assert_int_equal(key[len], 0xee);
	}
	kdf_free(kdf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_sender_key),
	};

	return cmocka_run_group_tests(tests, hex_have_vectors, NULL);
}
