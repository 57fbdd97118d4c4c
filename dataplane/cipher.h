/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * AES-GCM over intel-ipsec-mb's direct API, as VPE uses it: 12-byte IV, no additional data, 16-byte
 * tag (NIST SP 800-38D), in place: in one piece, or over the segments of a packet. Only cipher.c
 * sees the library.
 */

#include <covey/sa.h>
#include <covey/wire.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The library's implementations for this CPU. */
struct ciphers;
/* One of them: its functions. */
struct cipher;

/* A key, expanded: AES round keys and powers of the hash key. Secret. */
struct cipher_key {
	uint8_t bytes[1280];
} __attribute__((aligned(64)));

/* Scratch of one thread. Holds intermediate values of the last packet: secret. */
struct cipher_context {
	uint8_t bytes[128];
} __attribute__((aligned(64)));

/* Choose for this CPU; works on any x86-64, with AES-NI or without. -ENOMEM, -ENOTSUP. */
int ciphers_new(struct ciphers **ret_ciphers);
void ciphers_free(struct ciphers *ciphers);

/* NULL for a value that is no cipher. Lives as long as ciphers. */
const struct cipher *ciphers_get(const struct ciphers *ciphers, enum covey_cipher cipher);

/* Expand a key of covey_cipher_key_len() bytes. -EINVAL when the library refuses. */
int cipher_expand(const struct ciphers *ciphers, enum covey_cipher cipher, const uint8_t *key,
		  struct cipher_key *ret_key);

/* Encrypt len bytes of data in place and write the tag to icv. */
void cipher_seal(const struct cipher *cipher, const struct cipher_key *key,
		 struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN], uint8_t *data,
		 size_t len, uint8_t icv[COVEY_ICV_LEN]);

/*
 * Decrypt len bytes of data in place; true when the tag is icv, compared in constant time. When
 * false, data is gone: overwritten with zeros, so that nothing unauthenticated can be used.
 */
bool cipher_open(const struct cipher *cipher, const struct cipher_key *key,
		 struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN], uint8_t *data,
		 size_t len, const uint8_t icv[COVEY_ICV_LEN]);

/*
 * The same over the segments of a packet: len bytes from offset (from the first segment's data on),
 * wherever the packet is cut, into no matter how many segments, empty ones too. offset + len is at
 * most the segments' bytes. Nothing is copied. iv and icv lie outside of those bytes.
 */
void cipher_seal_chain(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
		       struct rte_mbuf *packet, uint32_t offset, uint32_t len,
		       uint8_t icv[COVEY_ICV_LEN]);
/* When false, the bytes are gone in every segment. */
bool cipher_open_chain(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
		       struct rte_mbuf *packet, uint32_t offset, uint32_t len,
		       const uint8_t icv[COVEY_ICV_LEN]);
