/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * AES-GCM over intel-ipsec-mb's direct API, as VPE uses it: 12-byte IV, no additional data, 16-byte
 * tag (NIST SP 800-38D), in place: in one piece, or over the segments of a packet. Only cipher.c
 * sees the library; here are its functions' types, so that a packet costs one call.
 */

#include <covey/sa.h>
#include <covey/wire.h>
#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The library's implementations for this CPU. */
struct ciphers;

/*
 * A key, expanded: AES round keys and powers of the hash key. Secret.
 *
 * The library's size and one cache line more. So keys lie an odd number of lines apart, and the
 * lines that small packets read (cipher_prefetch()) fall into all sets of a cache.
 */
#define CIPHER_KEY_BYTES 1088u

struct cipher_key {
	uint8_t bytes[CIPHER_KEY_BYTES];
} __attribute__((aligned(64)));

/* Scratch of one thread. Holds intermediate values of the last packet: secret. */
struct cipher_context {
	uint8_t bytes[128];
} __attribute__((aligned(64)));

struct gcm_key_data;
struct gcm_context_data;

/* The functions of one cipher on this CPU, for one worker. */
struct cipher {
	/* A packet in one piece: output, input, length, IV, additional data, tag. */
	void (*encrypt)(const struct gcm_key_data *, struct gcm_context_data *, uint8_t *,
			const uint8_t *, uint64_t, const uint8_t *, const uint8_t *, uint64_t,
			uint8_t *, uint64_t);
	void (*decrypt)(const struct gcm_key_data *, struct gcm_context_data *, uint8_t *,
			const uint8_t *, uint64_t, const uint8_t *, const uint8_t *, uint64_t,
			uint8_t *, uint64_t);
	/* What a packet reads of its key: the round keys at its start, and powers of the hash key,
	 * which end at powers_end. It reads as many powers as its text has blocks, but at least
	 * powers_min and at most powers_max. */
	uint16_t round_keys_len;
	uint16_t powers_end;
	uint16_t powers_min;
	uint16_t powers_max;
	/* Segment by segment. */
	void (*begin)(const struct gcm_key_data *, struct gcm_context_data *, const uint8_t *,
		      const uint8_t *, uint64_t);
	void (*encrypt_more)(const struct gcm_key_data *, struct gcm_context_data *, uint8_t *,
			     const uint8_t *, uint64_t);
	void (*decrypt_more)(const struct gcm_key_data *, struct gcm_context_data *, uint8_t *,
			     const uint8_t *, uint64_t);
	void (*encrypt_end)(const struct gcm_key_data *, struct gcm_context_data *, uint8_t *,
			    uint64_t);
	void (*decrypt_end)(const struct gcm_key_data *, struct gcm_context_data *, uint8_t *,
			    uint64_t);
	void (*expand)(const void *, struct gcm_key_data *);
};

/*
 * Choose for this CPU; works on any x86-64, with AES-NI or without. Each call of the library writes
 * a variable of it, so each worker gets functions with a variable of their own (library_copy.h);
 * where that is not possible, all workers share one, and ciphers_shared() says why. -ENOMEM,
 * -ENOTSUP.
 */
int ciphers_new(unsigned workers, struct ciphers **ret_ciphers);
void ciphers_free(struct ciphers *ciphers);

/* 0, or the negative errno that kept workers from functions of their own: they are slower. */
int ciphers_shared(const struct ciphers *ciphers);

/* A cipher's functions, an element for each worker; NULL for a value that is no cipher. Lives as
 * long as ciphers. */
const struct cipher *ciphers_get(const struct ciphers *ciphers, enum covey_cipher cipher);

/* Expand a key of covey_cipher_key_len() bytes. -EINVAL when the library refuses. */
int cipher_expand(const struct ciphers *ciphers, enum covey_cipher cipher, const uint8_t *key,
		  struct cipher_key *ret_key);

/*
 * Fetch what a packet with len bytes of text will read of the key: to the second level of caches,
 * which waits for about twice as many lines at once as the first (measured on Zen 4), and is near
 * enough.
 */
static inline void cipher_prefetch(const struct cipher *cipher, const struct cipher_key *key,
				   uint32_t len)
{
	uint32_t powers = RTE_MIN(len / 16 + cipher->powers_min, cipher->powers_max);
	uint32_t at = cipher->powers_end - 16 * powers;

	for (uint32_t line = 0; line < cipher->round_keys_len; line += RTE_CACHE_LINE_SIZE)
		rte_prefetch1(key->bytes + line);
	for (at = RTE_ALIGN_FLOOR(at, RTE_CACHE_LINE_SIZE); at < cipher->powers_end;
	     at += RTE_CACHE_LINE_SIZE)
		rte_prefetch1(key->bytes + at);
}

/* --- in one piece -------------------------------------------------------------------------- */

/* Encrypt len bytes of data in place and write the tag to icv. */
static inline void cipher_seal(const struct cipher *cipher, const struct cipher_key *key,
			       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
			       uint8_t *data, size_t len, uint8_t icv[COVEY_ICV_LEN])
{
	cipher->encrypt((const struct gcm_key_data *)key, (struct gcm_context_data *)context, data,
			data, len, iv, NULL, 0, icv, COVEY_ICV_LEN);
}

/* Equal? In constant time. */
static inline bool cipher_same_tag(const uint8_t a[COVEY_ICV_LEN], const uint8_t b[COVEY_ICV_LEN])
{
	uint64_t x[2], y[2], difference;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	difference = (x[0] ^ y[0]) | (x[1] ^ y[1]);
	/* Keeps the compiler from looking at one half first. */
	__asm__ volatile("" : "+r"(difference));
	return difference == 0;
}

/*
 * Decrypt len bytes of data in place; true when the tag is icv, compared in constant time. When
 * false, data is gone: overwritten with zeros, so that nothing unauthenticated can be used.
 */
static inline bool cipher_open(const struct cipher *cipher, const struct cipher_key *key,
			       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
			       uint8_t *data, size_t len, const uint8_t icv[COVEY_ICV_LEN])
{
	uint8_t computed[COVEY_ICV_LEN];

	cipher->decrypt((const struct gcm_key_data *)key, (struct gcm_context_data *)context, data,
			data, len, iv, NULL, 0, computed, COVEY_ICV_LEN);
	if (likely(cipher_same_tag(computed, icv)))
		return true;
	explicit_bzero(data, len);
	return false;
}

/* --- over segments ------------------------------------------------------------------------- */

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
