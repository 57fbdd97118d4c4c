/* SPDX-License-Identifier: BSD-3-Clause */
#include "reference.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

/* Appends to a frame. */
struct writer {
	uint8_t *at;
};

static void put(struct writer *writer, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		*writer->at++ = (uint8_t)(value >> 8 * bytes);
}

static void put_bytes(struct writer *writer, const void *bytes, size_t count)
{
	memcpy(writer->at, bytes, count);
	writer->at += count;
}

/* RFC 1071, over an even number of bytes. */
static uint16_t internet_checksum(const uint8_t *bytes, size_t count)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < count; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

size_t reference_l2_len(const struct sample *sample)
{
	return 14 + 4u * sample->tags;
}

static void put_ethernet(struct writer *writer, const struct sample *sample)
{
	put(writer, sample->multicast ? 0x01005e010101 : 0x020000000002, 6);
	put(writer, 0x020000000001, 6);
	if (sample->tags == 2)
		put(writer, 0x88a80064, 4);
	if (sample->tags >= 1)
		put(writer, 0x81006065, 4);
	put(writer, sample->ipv6 ? 0x86dd : 0x0800, 2);
}

/* Last byte of a unicast destination: 1's packets go to another, another's to 1. */
static uint8_t destination_of(const struct sample *sample)
{
	return sample->source == 1 ? 0xc8 : 1;
}

static void put_ipv4(struct writer *writer, const struct sample *sample, size_t payload)
{
	uint8_t *header = writer->at;
	size_t length = 20 + 4u * sample->option_words;
	uint16_t checksum;

	put(writer, 0x40 | length / 4, 1);
	put(writer, sample->traffic_class, 1);
	put(writer, length + payload, 2);
	put(writer, 0xbeef, 2); /* identification */
	put(writer, 0, 2);
	put(writer, sample->ttl, 1);
	put(writer, 17, 1);
	put(writer, 0, 2);
	put(writer, 0x0a000000 | sample->source, 4);
	put(writer, sample->multicast ? 0xef010101 : 0x0a000000 | destination_of(sample), 4);
	for (unsigned i = 0; i < sample->option_words; i++)
		put(writer, 0x01010101, 4);
	checksum = internet_checksum(header, length);
	header[10] = (uint8_t)(checksum >> 8);
	header[11] = (uint8_t)checksum;
}

/* Addresses fd00::x; destination options with padding stand for extension headers. */
static void put_ipv6(struct writer *writer, const struct sample *sample, size_t payload)
{
	size_t options = 8u * sample->option_words;

	put(writer, 6u << 28 | (uint32_t)sample->traffic_class << 20 | 0x12345, 4);
	put(writer, options + payload, 2);
	put(writer, options > 0 ? 60 : 17, 1);
	put(writer, sample->ttl, 1);
	put(writer, 0xfd00000000000000, 8);
	put(writer, sample->source, 8);
	put(writer, sample->multicast ? 0xff05000000000000 : 0xfd00000000000000, 8);
	put(writer, sample->multicast ? 0x239 : destination_of(sample), 8);
	if (options == 0)
		return;
	put(writer, 17, 1);
	put(writer, options / 8 - 1, 1);
	put(writer, 1, 1); /* PadN */
	put(writer, options - 4, 1);
	memset(writer->at, 0, options - 4);
	writer->at += options - 4;
}

size_t reference_vxlan(const struct sample *sample, uint8_t *ret_frame)
{
	struct writer writer = {ret_frame};
	size_t udp = 8u + 8u + sample->payload_len;
	uint32_t state = sample->payload_seed;

	put_ethernet(&writer, sample);
	if (sample->ipv6)
		put_ipv6(&writer, sample, udp);
	else
		put_ipv4(&writer, sample, udp);
	put(&writer, sample->source_port, 2);
	put(&writer, 4789, 2);
	put(&writer, udp, 2);
	put(&writer, 0, 2);
	put(&writer, 0x08000000, 4);
	put(&writer, sample->vni << 8, 4);
	for (unsigned i = 0; i < sample->payload_len; i++) {
		state = state * 1664525 + 1013904223;
		put(&writer, state >> 24, 1);
	}
	return (size_t)(writer.at - ret_frame);
}

size_t reference_key(const struct reference_sa *sa, uint16_t sender_id, uint8_t ret_key[32])
{
	size_t length = sa->cipher == COVEY_AES_256_GCM ? 32 : 16;
	static const uint8_t no_salt[32];
	uint8_t prk[32], okm[32], info[64];
	struct writer writer = {info};

	if (sa->key_scope == COVEY_KEY_SCOPE_GROUP) {
		memcpy(ret_key, sa->tek, length);
		return length;
	}
	put_bytes(&writer, "covey vpe sender key v1", 23);
	put(&writer, sa->spi, 4);
	put(&writer, sender_id, 2);
	put(&writer, 1, 1); /* the first block of HKDF-Expand */
	HMAC(EVP_sha256(), no_salt, 32, sa->tek, length, prk, NULL);
	HMAC(EVP_sha256(), prk, 32, info, (size_t)(writer.at - info), okm, NULL);
	memcpy(ret_key, okm, length);
	return length;
}

void reference_gcm(enum covey_cipher cipher, const uint8_t *key, const uint8_t iv[12],
		   const uint8_t *plain, size_t len, uint8_t *ret_sealed, uint8_t ret_tag[16])
{
	static EVP_CIPHER_CTX *context;
	int done = 0;

	if (!context)
		context = EVP_CIPHER_CTX_new();
	if (!context ||
	    EVP_EncryptInit_ex(context,
			       cipher == COVEY_AES_256_GCM ? EVP_aes_256_gcm() : EVP_aes_128_gcm(),
			       NULL, key, iv) != 1 ||
	    (len > 0 && EVP_EncryptUpdate(context, ret_sealed, &done, plain, (int)len) != 1) ||
	    EVP_EncryptFinal_ex(context, ret_sealed + done, &done) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, ret_tag) != 1)
		abort();
}

static void put_outer_ipv4(struct writer *writer, const uint8_t *inner, uint8_t protocol,
			   size_t payload)
{
	uint8_t *header = writer->at;
	uint16_t checksum;

	put(writer, 0x45, 1);
	put(writer, inner[1], 1);
	put(writer, 20 + payload, 2);
	put(writer, 0, 2);
	put(writer, 0x4000, 2); /* don't fragment */
	put(writer, inner[8], 1);
	put(writer, protocol, 1);
	put(writer, 0, 2);
	put_bytes(writer, inner + 12, 8);
	checksum = internet_checksum(header, 20);
	header[10] = (uint8_t)(checksum >> 8);
	header[11] = (uint8_t)checksum;
}

static void put_outer_ipv6(struct writer *writer, const uint8_t *inner, uint8_t protocol,
			   size_t payload, uint16_t window_id)
{
	put(writer, inner[0], 1);
	put(writer, inner[1] & 0xf0, 1);
	put(writer, window_id, 2);
	put(writer, payload, 2);
	put(writer, protocol, 1);
	put(writer, inner[7], 1);
	put_bytes(writer, inner + 8, 32);
}

static void put_outer(struct writer *writer, const struct reference_sa *sa, const uint8_t *inner,
		      size_t vpe_len, uint16_t window_id)
{
	bool udp = sa->encapsulation == COVEY_ENCAPSULATION_UDP;
	uint8_t protocol = udp ? 17 : sa->vpe_protocol;
	size_t payload = vpe_len + (udp ? 8 : 0);

	if (inner[0] >> 4 == 4)
		put_outer_ipv4(writer, inner, protocol, payload);
	else
		put_outer_ipv6(writer, inner, protocol, payload, window_id);
	if (!udp)
		return;
	put(writer,
	    0xc000 | (window_id >> 13) << 11 | (window_id >> 12 & 1) << 10 | (window_id & 0x3ff),
	    2);
	put(writer, sa->vpe_port, 2);
	put(writer, payload, 2);
	put(writer, 0, 2);
}

size_t reference_vpe(const struct reference_sa *sa, struct reference_iv iv, const uint8_t *frame,
		     size_t l2_len, size_t len, uint8_t *ret_frame)
{
	struct writer writer = {ret_frame};
	size_t inner_len = len - l2_len;
	uint8_t key[32], *nonce;

	put_bytes(&writer, frame, l2_len);
	put_outer(&writer, sa, frame + l2_len, 32 + inner_len, iv.window_id);
	put(&writer, sa->spi, 4);
	nonce = writer.at;
	put(&writer, iv.sender_id, 2);
	put(&writer, iv.window_id, 2);
	put(&writer, iv.esn, 8);
	reference_key(sa, iv.sender_id, key);
	reference_gcm(sa->cipher, key, nonce, frame + l2_len, inner_len, writer.at + 16, writer.at);
	return (size_t)(writer.at - ret_frame) + 16 + inner_len;
}
