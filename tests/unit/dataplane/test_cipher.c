/* SPDX-License-Identifier: BSD-3-Clause */
#include "cipher.h"
#include "hex.h"
#include "reference.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct ciphers *ciphers;
static struct cipher_context context;

static int setup(void **state)
{
	int status = hex_have_vectors(state);

	return status == 0 ? ciphers_new(&ciphers) : status;
}

static int teardown(void **state)
{
	ciphers_free(ciphers);
	return 0;
}

/* One published case, as bytes. */
struct vector {
	enum covey_cipher cipher;
	uint8_t key[32], iv[12], plain[512], sealed[512], tag[16];
	size_t len;
	bool valid;
};

static bool read_vector(FILE *file, struct vector *vector)
{
	char key[80], iv[40], plain[1100], sealed[1100], tag[40], verdict[16];

	if (fscanf(file, "%79s %39s %1099s %1099s %39s %15s", key, iv, plain, sealed, tag,
		   verdict) != 6)
		return false;
	vector->cipher = hex_read(key, vector->key) == 32 ? COVEY_AES_256_GCM : COVEY_AES_128_GCM;
	hex_read(iv, vector->iv);
	hex_read(plain, vector->plain);
	hex_read(tag, vector->tag);
	vector->len = hex_read(sealed, vector->sealed);
	vector->valid = strcmp(verdict, "valid") == 0;
	return true;
}

static void check_seal(const struct vector *vector, const struct cipher_key *key)
{
	uint8_t data[512], tag[16];

	memcpy(data, vector->plain, vector->len);
	cipher_seal(ciphers_get(ciphers, vector->cipher), key, &context, vector->iv, data,
		    vector->len, tag);
	assert_memory_equal(tag, vector->tag, 16);
	if (vector->len > 0)
		assert_memory_equal(data, vector->sealed, vector->len);
}

static void check_open(const struct vector *vector, const struct cipher_key *key)
{
	uint8_t data[512];

	memcpy(data, vector->sealed, vector->len);
	assert_int_equal(cipher_open(ciphers_get(ciphers, vector->cipher), key, &context,
				     vector->iv, data, vector->len, vector->tag),
			 vector->valid);
	for (size_t i = 0; i < vector->len; i++)
		assert_int_equal(data[i], vector->valid ? vector->plain[i] : 0);
}

static void test_published(void **state)
{
	FILE *file = hex_vectors("gcm");
	struct vector vector;
	struct cipher_key key;
	unsigned valid = 0, forged = 0;

	while (read_vector(file, &vector)) {
		assert_int_equal(cipher_expand(ciphers, vector.cipher, vector.key, &key), 0);
		if (vector.valid)
			check_seal(&vector, &key);
		check_open(&vector, &key);
		*(vector.valid ? &valid : &forged) += 1;
	}
	hex_close(file);
	assert_true(valid > 200);
	assert_true(forged > 50);
}

/* Every length around the library's block boundaries, against OpenSSL. */
static void test_lengths(void **state)
{
	static uint8_t plain[9217], expected[9217], data[9217];
	uint8_t raw[32], iv[12], expected_tag[16], tag[16];
	struct cipher_key key;

	for (unsigned len = 1; len < sizeof(plain); len += len < 2100 ? 1 : 97) {
		enum covey_cipher cipher = len & 1 ? COVEY_AES_128_GCM : COVEY_AES_256_GCM;

		for (unsigned i = 0; i < len; i++)
			plain[i] = (uint8_t)rand();
		for (unsigned i = 0; i < 44; i++)
			*(i < 32 ? &raw[i] : &iv[i - 32]) = (uint8_t)rand();
		reference_gcm(cipher, raw, iv, plain, len, expected, expected_tag);
		assert_int_equal(cipher_expand(ciphers, cipher, raw, &key), 0);
		memcpy(data, plain, len);
		cipher_seal(ciphers_get(ciphers, cipher), &key, &context, iv, data, len, tag);
		assert_memory_equal(tag, expected_tag, 16);
		assert_memory_equal(data, expected, len);
		assert_true(cipher_open(ciphers_get(ciphers, cipher), &key, &context, iv, data, len,
					tag));
		assert_memory_equal(data, plain, len);
	}
}

/* One bit anywhere, in tag or text: refused, and nothing of the text is left. */
static void test_every_bit_counts(void **state)
{
	static const uint8_t raw[32] = {1}, iv[12] = {2};
	uint8_t sealed[64 + 16] = {3}, packet[sizeof(sealed)], zero[64] = {0};
	const struct cipher *cipher = ciphers_get(ciphers, COVEY_AES_256_GCM);
	struct cipher_key key;

	assert_int_equal(cipher_expand(ciphers, COVEY_AES_256_GCM, raw, &key), 0);
	cipher_seal(cipher, &key, &context, iv, sealed, 64, sealed + 64);
	for (unsigned bit = 0; bit < 8 * sizeof(sealed); bit++) {
		memcpy(packet, sealed, sizeof(sealed));
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(cipher_open(cipher, &key, &context, iv, packet, 64, packet + 64));
		assert_memory_equal(packet, zero, 64);
	}
	assert_true(cipher_open(cipher, &key, &context, iv, sealed, 64, sealed + 64));
}

static void test_unknown_cipher(void **state)
{
	struct cipher_key key;
	uint8_t raw[32] = {0};

	assert_null(ciphers_get(ciphers, (enum covey_cipher)3));
	assert_int_not_equal(cipher_expand(ciphers, (enum covey_cipher)3, raw, &key), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_unknown_cipher),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
