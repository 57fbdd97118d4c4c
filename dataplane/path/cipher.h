/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * AES-GCM with the direct API of intel-ipsec-mb, as VPE uses it: 12-byte IV, no additional data,
 * 16-byte tag (NIST SP 800-38D). The data is changed in place, in one piece or over the segments of
 * a packet. Only cipher.c uses the library itself. The types of its functions are here, so that a
 * packet costs one call.
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
 * An expanded key: AES round keys and powers of the hash key. Secret.
 *
 * It is one cache line longer than the library needs. So keys lie an odd number of lines apart, and
 * the lines that small packets read (cipher_prefetch()) are spread over all sets of a cache.
 */
#define CIPHER_KEY_BYTES 1088u

struct cipher_key {
	uint8_t bytes[CIPHER_KEY_BYTES];
} __attribute__((aligned(64)));

/* Working memory of one thread. It holds intermediate values of the last packet, which are secret.
 */
struct cipher_context {
	uint8_t bytes[128];
	uint8_t idle[3][160]; /* texts with headers, for places that no packet has: cipher_many.c */
} __attribute__((aligned(64)));

/* A text in one piece. Its VPE header is right before it. */
struct cipher_text {
	uint8_t *bytes;
	uint32_t len;
};

struct cipher_many;
struct gcm_key_data;
struct gcm_context_data;

/* The functions of one cipher on this CPU, for one worker. */
struct cipher {
	/* For a packet in one piece: output, input, length, IV, additional data, tag. */
	void (*encrypt)(const struct gcm_key_data *, struct gcm_context_data *, uint8_t *,
			const uint8_t *, uint64_t, const uint8_t *, const uint8_t *, uint64_t,
			uint8_t *, uint64_t);
	void (*decrypt)(const struct gcm_key_data *, struct gcm_context_data *, uint8_t *,
			const uint8_t *, uint64_t, const uint8_t *, const uint8_t *, uint64_t,
			uint8_t *, uint64_t);
	/* Which parts of its key a packet reads: the round keys at the start, and powers of the
	 * hash key, which end at powers_end. It reads one power for each block of its text, but at
	 * least powers_min and at most powers_max. */
	uint16_t round_keys_len;
	uint16_t powers_end;
	uint16_t powers_min;
	uint16_t powers_max;
	/* For a packet in segments. */
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
	/* For several packets of one key (cipher_many.h); NULL: one at a time. */
	const struct cipher_many *many;
};

/* Are several packets of one key encrypted at a time (cipher_many.h)? */
enum cipher_many_state {
	CIPHER_MANY_OFF,    /* nobody wants it */
	CIPHER_MANY_NO_CPU, /* the CPU, its operating system or the library has not what it needs */
	CIPHER_MANY_DIFFERS, /* its results were not the library's: a fault of one of the two */
	CIPHER_MANY_AVX512,
};

/*
 * Choose the implementation for this CPU. There is one for any x86-64, with AES-NI or without. Each
 * call of the library writes one of the library's variables, so each worker gets functions with a
 * variable of their own (library_copy.h). Where that is not possible, all workers share one, and
 * ciphers_shared() says why. many: also take several packets at a time, where that can be done.
 * -ENOMEM, -ENOTSUP.
 */
int ciphers_new(unsigned workers, bool many, struct ciphers **ret_ciphers);
void ciphers_free(struct ciphers *ciphers);

/* 0, or the negative errno because of which workers share functions, and are slower. */
int ciphers_shared(const struct ciphers *ciphers);

enum cipher_many_state ciphers_many(const struct ciphers *ciphers);

/* A cipher's functions, one element for each worker. NULL for a value that is no cipher. They live
 * as long as ciphers. */
const struct cipher *ciphers_get(const struct ciphers *ciphers, enum covey_cipher cipher);

/* Expand a key of covey_cipher_key_len() bytes. -EINVAL when the library refuses. */
int cipher_expand(const struct ciphers *ciphers, enum covey_cipher cipher, const uint8_t *key,
		  struct cipher_key *ret_key);

/*
 * Fetch the parts of the key that a packet with len bytes of text will read. They go to the
 * second-level cache: it can wait for about twice as many lines at once as the first-level cache
 * (measured on Zen 4), and is fast enough.
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

/* Are both equal? Takes the same time for any content. */
static inline bool cipher_same_tag(const uint8_t a[COVEY_ICV_LEN], const uint8_t b[COVEY_ICV_LEN])
{
	uint64_t x[2], y[2], difference;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	difference = (x[0] ^ y[0]) | (x[1] ^ y[1]);
	/* Keeps the compiler from comparing one half first. */
	__asm__ volatile("" : "+r"(difference));
	return difference == 0;
}

/*
 * Decrypt len bytes of data in place. True when the tag equals icv; both are compared in constant
 * time. When false, data is overwritten with zeros, so that nobody can use what did not
 * authenticate.
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
 * The same over the segments of a packet: len bytes, beginning at offset from the first segment's
 * data. The data may be cut anywhere, into any number of segments, even empty ones. offset + len
 * must not be more than the segments hold. Nothing is copied. iv and icv must not be among these
 * bytes.
 */
void cipher_seal_chain(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
		       struct rte_mbuf *packet, uint32_t offset, uint32_t len,
		       uint8_t icv[COVEY_ICV_LEN]);
/* When false, the bytes are overwritten in all segments. */
bool cipher_open_chain(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
		       struct rte_mbuf *packet, uint32_t offset, uint32_t len,
		       const uint8_t icv[COVEY_ICV_LEN]);
