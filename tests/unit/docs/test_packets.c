/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The worked packets of docs/protocol.md, byte by byte, against OpenSSL and the page's own rules.
 * Nothing of covey's code is used: page and code must not share a mistake.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "page.h"
#include "worked.h"

#define LABEL "covey vpe sender key v1"

static uint64_t read_number(const uint8_t *bytes, size_t len)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len; i++)
		number = number << 8 | bytes[i];
	return number;
}

static unsigned window_id(const struct worked *packet)
{
	return packet->traffic_class << 13 | packet->cast << 12 | packet->path;
}

static void assert_block(const char *packet, const char *field, const uint8_t *bytes, size_t len)
{
	struct block block;

	page_field(packet, field, &block);
	assert_int_equal(block.len, len);
	assert_memory_equal(block.bytes, bytes, len);
}

static void derive(const struct block *tek, const struct block *info, uint8_t *ret_key)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t len = tek->len;

	assert_int_equal(EVP_PKEY_derive_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_hkdf_key(context, tek->bytes, (int)tek->len), 1);
	assert_int_equal(EVP_PKEY_CTX_add1_hkdf_info(context, info->bytes, (int)info->len), 1);
	assert_int_equal(EVP_PKEY_derive(context, ret_key, &len), 1);
	assert_int_equal(len, tek->len);
	EVP_PKEY_CTX_free(context);
}

static void seal(const struct block *key, const struct block *iv, const struct block *plain,
		 uint8_t *ret_cipher, uint8_t *ret_tag)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *cipher = key->len == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
	int len;

	assert_int_equal(EVP_EncryptInit_ex(context, cipher, NULL, key->bytes, iv->bytes), 1);
	assert_int_equal(EVP_CIPHER_CTX_iv_length(context), iv->len);
	assert_int_equal(
		EVP_EncryptUpdate(context, ret_cipher, &len, plain->bytes, (int)plain->len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(context, ret_cipher + len, &len), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, ret_tag), 1);
	EVP_CIPHER_CTX_free(context);
}

/* The sender key: derived, or the TEK itself. */
static void read_key(const struct worked *packet, struct block *ret_key)
{
	page_field(packet->name, packet->sender_scope ? "key" : "tek", ret_key);
	assert_int_equal(ret_key->len, packet->key_len);
}

/* --- each step of the page ------------------------------------------------------------------ */

static void test_fields(void **state)
{
	for (size_t i = 0; i < WORKED_COUNT; i++) {
		const struct worked *packet = &worked[i];
		struct block fields;

		page_field(packet->name, "fields", &fields);
		assert_int_equal(fields.len, 16);
		assert_int_equal(read_number(fields.bytes, 4), packet->spi);
		assert_int_equal(read_number(fields.bytes + 4, 2), packet->sender_id);
		assert_int_equal(read_number(fields.bytes + 6, 2), window_id(packet));
		assert_int_equal(read_number(fields.bytes + 8, 2), packet->epoch);
		assert_int_equal(read_number(fields.bytes + 10, 6), packet->counter);
		assert_block(packet->name, "iv", fields.bytes + 4, 12);
	}
}

static void test_sender_keys(void **state)
{
	for (size_t i = 0; i < WORKED_COUNT; i++) {
		const struct worked *packet = &worked[i];
		uint8_t expected[sizeof(LABEL) - 1 + 6] = LABEL;
		struct block tek, info, fields;
		uint8_t key[32];

		page_field(packet->name, "tek", &tek);
		assert_int_equal(tek.len, packet->key_len);
		if (!packet->sender_scope)
			continue;
		page_field(packet->name, "fields", &fields);
		memcpy(expected + sizeof(LABEL) - 1, fields.bytes, 6);
		assert_block(packet->name, "info", expected, sizeof(expected));
		page_field(packet->name, "info", &info);
		derive(&tek, &info, key);
		assert_block(packet->name, "key", key, tek.len);
	}
}

static void test_ciphertexts(void **state)
{
	for (size_t i = 0; i < WORKED_COUNT; i++) {
		struct block key, iv, inner;
		uint8_t cipher[BLOCK_MAX], tag[16];

		read_key(&worked[i], &key);
		page_field(worked[i].name, "iv", &iv);
		page_field(worked[i].name, "inner", &inner);
		seal(&key, &iv, &inner, cipher, tag);
		assert_block(worked[i].name, "ciphertext", cipher, inner.len);
		assert_block(worked[i].name, "icv", tag, sizeof(tag));
	}
}

/* --- the outer packet ------------------------------------------------------------------------ */

static unsigned ones_sum(const uint8_t *bytes, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (unsigned)read_number(bytes + i, 2);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void check_ipv4(const uint8_t *outer, size_t len, const uint8_t *inner, uint8_t protocol)
{
	assert_int_equal(outer[0], 0x45);
	assert_int_equal(outer[1], inner[1]); /* DSCP and ECN */
	assert_int_equal(read_number(outer + 2, 2), len);
	assert_int_equal(read_number(outer + 4, 4), 0x4000); /* ID 0, DF, offset 0 */
	assert_int_equal(outer[8], inner[8]);                /* TTL */
	assert_int_equal(outer[9], protocol);
	assert_int_equal(ones_sum(outer, 20), 0xffff);
	assert_memory_equal(outer + 12, inner + 12, 8);
}

static void check_ipv6(const uint8_t *outer, size_t len, const uint8_t *inner, uint8_t protocol,
		       unsigned window_id)
{
	assert_int_equal(read_number(outer, 4), (read_number(inner, 4) & 0xfff00000) | window_id);
	assert_int_equal(read_number(outer + 4, 2), len - 40);
	assert_int_equal(outer[6], protocol);
	assert_int_equal(outer[7], inner[7]); /* hop limit */
	assert_memory_equal(outer + 8, inner + 8, 32);
}

static void check_udp(const uint8_t *udp, size_t len, const struct worked *packet)
{
	unsigned port =
		0xc000 | packet->traffic_class << 11 | packet->cast << 10 | (packet->path & 0x3ff);

	assert_int_equal(read_number(udp, 2), port);
	assert_int_equal(read_number(udp + 2, 2), 4798);
	assert_int_equal(read_number(udp + 4, 2), len);
	assert_int_equal(read_number(udp + 6, 2), 0);
}

static void test_outer_headers(void **state)
{
	for (size_t i = 0; i < WORKED_COUNT; i++) {
		const struct worked *packet = &worked[i];
		uint8_t protocol = packet->udp ? 17 : 253;
		struct block outer, inner;

		page_field(packet->name, "outer", &outer);
		page_field(packet->name, "inner", &inner);
		assert_int_equal(inner.bytes[0] >> 4, packet->ip_version);
		if (packet->ip_version == 4)
			check_ipv4(outer.bytes, outer.len, inner.bytes, protocol);
		else
			check_ipv6(outer.bytes, outer.len, inner.bytes, protocol,
				   window_id(packet));
		if (packet->udp && packet->ip_version == 4)
			check_udp(outer.bytes + 20, outer.len - 20, packet);
		else if (packet->udp)
			check_udp(outer.bytes + 40, outer.len - 40, packet);
	}
}

/* Behind the outer headers: fields, ICV, ciphertext, and nothing else. */
static void test_outer_contents(void **state)
{
	for (size_t i = 0; i < WORKED_COUNT; i++) {
		const struct worked *packet = &worked[i];
		size_t headers = (packet->ip_version == 4 ? 20 : 40) + (packet->udp ? 8 : 0);
		struct block outer, inner;

		page_field(packet->name, "outer", &outer);
		page_field(packet->name, "inner", &inner);
		assert_int_equal(outer.len, headers + 32 + inner.len);
		assert_block(packet->name, "fields", outer.bytes + headers, 16);
		assert_block(packet->name, "icv", outer.bytes + headers + 16, 16);
		assert_block(packet->name, "ciphertext", outer.bytes + headers + 32, inner.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),         cmocka_unit_test(test_sender_keys),
		cmocka_unit_test(test_ciphertexts),    cmocka_unit_test(test_outer_headers),
		cmocka_unit_test(test_outer_contents),
	};

	return cmocka_run_group_tests_name("docs: worked packets", tests, NULL, NULL);
}
