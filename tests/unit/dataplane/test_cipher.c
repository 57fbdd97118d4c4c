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

#define WORKERS 3u

static struct ciphers *ciphers;
static unsigned worker; /* whose functions are tested */
static struct cipher_context context;

static const struct cipher *functions_of(enum covey_cipher cipher)
{
	return &ciphers_get(ciphers, cipher)[worker];
}

static int setup(void **state)
{
	int status = hex_have_vectors(state);

	return status == 0 ? ciphers_new(WORKERS, true, &ciphers) : status;
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
	cipher_seal(functions_of(vector->cipher), key, &context, vector->iv, data, vector->len,
		    tag);
	assert_memory_equal(tag, vector->tag, 16);
	if (vector->len > 0)
		assert_memory_equal(data, vector->sealed, vector->len);
}

static void check_open(const struct vector *vector, const struct cipher_key *key)
{
	uint8_t data[512];

	memcpy(data, vector->sealed, vector->len);
	assert_int_equal(cipher_open(functions_of(vector->cipher), key, &context, vector->iv, data,
				     vector->len, vector->tag),
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
		cipher_seal(functions_of(cipher), &key, &context, iv, data, len, tag);
		assert_memory_equal(tag, expected_tag, 16);
		assert_memory_equal(data, expected, len);
		assert_true(cipher_open(functions_of(cipher), &key, &context, iv, data, len, tag));
		assert_memory_equal(data, plain, len);
	}
}

/* One bit anywhere, in tag or text: refused, and nothing of the text is left. */
static void test_every_bit_counts(void **state)
{
	static const uint8_t raw[32] = {1}, iv[12] = {2};
	uint8_t sealed[64 + 16] = {3}, packet[sizeof(sealed)], zero[64] = {0};
	const struct cipher *cipher = functions_of(COVEY_AES_256_GCM);
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

/* --- over segments ------------------------------------------------------------------------- */

/* Bytes before the text in the first segment; each segment starts at another alignment. */
#define LEAD         7u
#define TEXT_MAX     65536u
#define SEGMENTS_MAX 512u
#define GUARD        0xa5

static uint8_t room[TEXT_MAX + 64 * SEGMENTS_MAX];
static struct rte_mbuf segments[SEGMENTS_MAX];
static unsigned segment_count;
static size_t room_used;

static void chain_begin(void)
{
	memset(segments, 0, sizeof(segments));
	memset(room, GUARD, sizeof(room));
	segment_count = 0;
	room_used = 0;
}

/* One segment more, of len bytes, with a guard around it. */
static void chain_add(const uint8_t *data, size_t len)
{
	struct rte_mbuf *segment = &segments[segment_count];

	assert_true(segment_count < SEGMENTS_MAX);
	assert_true(room_used + len + 40 <= sizeof(room));
	segment->buf_addr = room + room_used + 16 + segment_count % 17;
	segment->data_len = (uint16_t)len;
	segment->pkt_len = (uint32_t)len;
	memcpy(segment->buf_addr, data, len);
	if (segment_count > 0)
		segments[segment_count - 1].next = segment;
	segment_count++;
	room_used += 16 + 17 + len;
}

/* Cut LEAD guard bytes and the text into pieces of these lengths, in turn, from the first on. */
static void chain_cut(const uint8_t *text, size_t len, const size_t *pieces, size_t count)
{
	static uint8_t whole[LEAD + TEXT_MAX];
	size_t at = 0;

	memset(whole, GUARD, LEAD);
	memcpy(whole + LEAD, text, len);
	chain_begin();
	for (size_t i = 0; at < LEAD + len; i++) {
		size_t here = pieces[i % count];

		here = here < LEAD + len - at ? here : LEAD + len - at;
		chain_add(whole + at, here);
		at += here;
	}
}

/* The text is this, or NULL: zeros; and nothing around it has changed. */
static void assert_chain(const uint8_t *text, size_t len)
{
	static uint8_t expected[sizeof(room)];
	size_t skip = LEAD, at = 0;

	memset(expected, GUARD, sizeof(expected));
	for (unsigned i = 0; i < segment_count; i++) {
		uint8_t *start = expected + ((uint8_t *)segments[i].buf_addr - room);
		size_t lead = skip < segments[i].data_len ? skip : segments[i].data_len;
		size_t here = segments[i].data_len - lead;

		if (text)
			memcpy(start + lead, text + at, here);
		else
			memset(start + lead, 0, here);
		skip -= lead;
		at += here;
	}
	assert_int_equal(at, len);
	assert_memory_equal(room, expected, room_used);
}

/* A text, how it looks in one piece, and its key. */
struct whole {
	enum covey_cipher cipher;
	struct cipher_key key;
	size_t len;
	uint8_t iv[12], tag[16];
	uint8_t plain[TEXT_MAX], sealed[TEXT_MAX];
};

static void make_whole(struct whole *whole, size_t len)
{
	uint8_t raw[32];

	whole->cipher = len & 1 ? COVEY_AES_128_GCM : COVEY_AES_256_GCM;
	whole->len = len;
	for (unsigned i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)rand();
	for (unsigned i = 0; i < sizeof(whole->iv); i++)
		whole->iv[i] = (uint8_t)rand();
	for (size_t i = 0; i < len; i++)
		whole->plain[i] = (uint8_t)(rand() >> 3);
	assert_int_equal(cipher_expand(ciphers, whole->cipher, raw, &whole->key), 0);
	memcpy(whole->sealed, whole->plain, len);
	cipher_seal(functions_of(whole->cipher), &whole->key, &context, whole->iv, whole->sealed,
		    len, whole->tag);
}

static bool open_chain(const struct whole *whole, const uint8_t *tag)
{
	return cipher_open_chain(functions_of(whole->cipher), &whole->key, &context, whole->iv,
				 segments, LEAD, (uint32_t)whole->len, tag);
}

/* Sealed, opened, and forged over these pieces: as in one. */
static void check_pieces(const struct whole *whole, const size_t *pieces, size_t count)
{
	uint8_t tag[16];

	chain_cut(whole->plain, whole->len, pieces, count);
	cipher_seal_chain(functions_of(whole->cipher), &whole->key, &context, whole->iv, segments,
			  LEAD, (uint32_t)whole->len, tag);
	assert_memory_equal(tag, whole->tag, 16);
	assert_chain(whole->sealed, whole->len);
	assert_true(open_chain(whole, whole->tag));
	assert_chain(whole->plain, whole->len);

	chain_cut(whole->sealed, whole->len, pieces, count);
	tag[whole->len % 16] ^= (uint8_t)(1 << whole->len % 8);
	assert_false(open_chain(whole, tag));
	assert_chain(NULL, whole->len);
}

/* Small texts, cut once everywhere: the first segment may end before the text begins. */
static void test_every_cut(void **state)
{
	static struct whole whole;

	for (size_t len = 1; len <= 100; len++) {
		make_whole(&whole, len);
		for (size_t cut = 1; cut <= LEAD + len; cut++) {
			size_t pieces[] = {cut, 0, TEXT_MAX};

			check_pieces(&whole, pieces, 3);
		}
	}
}

/* Cut twice everywhere, around the blocks of 16 bytes. */
static void test_every_two_cuts(void **state)
{
	static const size_t lens[] = {1, 2, 15, 16, 17, 31, 33, 49, 64};
	static struct whole whole;

	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		make_whole(&whole, lens[i]);
		for (size_t first = 1; first <= LEAD + lens[i]; first++)
			for (size_t second = 0; first + second <= LEAD + lens[i]; second++) {
				size_t pieces[] = {first, second, TEXT_MAX};

				check_pieces(&whole, pieces, 3);
			}
	}
}

/* Up to 64 KiB in odd pieces, empty ones between them. */
static void test_large_pieces(void **state)
{
	static const size_t lens[] = {767, 768, 1400, 4097, 9000, 16384, 65535 - LEAD, 65536};
	static const size_t cuts[][5] = {
		{2048, 2048, 2048, 2048, 2048}, {1, 4095, 0, 17, 3000}, {257, 0, 0, 255, 1023},
		{LEAD, 769, 767, 15, 64},       {65535, 1, 1, 1, 1},    {333, 129, 511, 16, 1000},
	};
	static struct whole whole;

	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		make_whole(&whole, lens[i]);
		for (unsigned k = 0; k < sizeof(cuts) / sizeof(cuts[0]); k++)
			check_pieces(&whole, cuts[k], 5);
	}
}

/* A bit anywhere in a text of three pieces, and nothing of any piece is left. */
static void test_every_bit_of_pieces(void **state)
{
	static const size_t pieces[] = {LEAD + 21, 40, 36};
	static struct whole whole;

	make_whole(&whole, 97);
	for (size_t bit = 0; bit < 8 * whole.len; bit++) {
		whole.sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		chain_cut(whole.sealed, whole.len, pieces, 3);
		assert_false(open_chain(&whole, whole.tag));
		assert_chain(NULL, whole.len);
		whole.sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* No text at all: the tag of nothing, of no segment beyond the first. */
static void test_empty_text(void **state)
{
	static const size_t pieces[] = {LEAD};
	static struct whole whole;

	make_whole(&whole, 0);
	check_pieces(&whole, pieces, 1);
}

static void test_unknown_cipher(void **state)
{
	struct cipher_key key;
	uint8_t raw[32] = {0};

	assert_null(ciphers_get(ciphers, (enum covey_cipher)3));
	assert_int_not_equal(cipher_expand(ciphers, (enum covey_cipher)3, raw, &key), 0);
}

static void test_each_worker_has_its_own(void **state)
{
	assert_int_equal(ciphers_shared(ciphers), 0);
	for (unsigned i = 1; i < WORKERS; i++)
		assert_ptr_not_equal(ciphers_get(ciphers, COVEY_AES_256_GCM)[i].encrypt,
				     ciphers_get(ciphers, COVEY_AES_256_GCM)[i - 1].encrypt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_two_cuts),
		cmocka_unit_test(test_large_pieces),
		cmocka_unit_test(test_every_bit_of_pieces),
		cmocka_unit_test(test_empty_text),
		cmocka_unit_test(test_unknown_cipher),
		cmocka_unit_test(test_each_worker_has_its_own),
	};
	int failed = 0;

	for (worker = 0; worker < WORKERS; worker++)
		failed += cmocka_run_group_tests(tests, setup, teardown);
	return failed;
}
