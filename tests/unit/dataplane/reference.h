/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * VXLAN and VPE frames, made byte by byte from the protocol's description and OpenSSL, without a
 * line of the dataplane: what it is compared with.
 */

#include <covey/sa.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFERENCE_BYTES_MAX 10240

/* A VXLAN frame. */
struct sample {
	bool ipv6;
	bool multicast;
	uint8_t traffic_class; /* DSCP and ECN */
	uint8_t ttl;
	uint8_t tags;         /* VLAN tags, 0..2 */
	uint8_t option_words; /* IPv4 options, 0..10 words; IPv6: 8-byte units of a header, 0..10 */
	uint16_t source_port;
	uint8_t source; /* last byte of the source address: 10.0.0.x or fd00::x */
	uint32_t vni;
	uint16_t payload_len;
	uint32_t payload_seed;
};

/* Write the frame; return its length. */
size_t reference_vxlan(const struct sample *sample, uint8_t *ret_frame);
/* Bytes of Ethernet header and tags. */
size_t reference_l2_len(const struct sample *sample);

struct reference_sa {
	uint32_t spi;
	enum covey_cipher cipher;
	enum covey_key_scope key_scope;
	enum covey_encapsulation encapsulation;
	uint16_t vpe_port;
	uint8_t vpe_protocol;
	uint8_t tek[32];
};

struct reference_iv {
	uint16_t sender_id;
	uint16_t window_id;
	uint64_t esn;
};

/* The key of a sender, by HMAC alone: RFC 5869 section 2. Returns its length. */
size_t reference_key(const struct reference_sa *sa, uint16_t sender_id, uint8_t ret_key[32]);

/* AES-GCM by EVP, no additional data: ciphertext and tag. */
void reference_gcm(enum covey_cipher cipher, const uint8_t *key, const uint8_t iv[12],
		   const uint8_t *plain, size_t len, uint8_t *ret_sealed, uint8_t ret_tag[16]);

/* Encrypt a clear frame whose IP packet starts at l2_len and ends at len. Returns the length. */
size_t reference_vpe(const struct reference_sa *sa, struct reference_iv iv, const uint8_t *frame,
		     size_t l2_len, size_t len, uint8_t *ret_frame);
