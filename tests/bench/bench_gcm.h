/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * AES-GCM by intel-ipsec-mb's direct API, as little around it as can be: what the dataplanes that
 * are not covey's call, and the raw call that all are measured against.
 */

#include <covey/sa.h>
#include <intel-ipsec-mb.h>
#include <rte_mbuf.h>

struct library_copy;

#define BENCH_TAG_LEN 16

struct bench_gcm {
	struct gcm_key_data key;
	aes_gcm_enc_dec_t encrypt;
	aes_gcm_enc_dec_t decrypt;
	aes_gcm_init_t init;
	aes_gcm_enc_dec_update_t encrypt_update;
	aes_gcm_enc_dec_update_t decrypt_update;
	aes_gcm_enc_dec_finalize_t encrypt_finalize;
	aes_gcm_enc_dec_finalize_t decrypt_finalize;
	aes_gcm_pre_t expand;
	struct library_copy *copy; /* NULL: the library itself */
} __attribute__((aligned(64)));    /* the library loads keys aligned */

/* Expand key (covey_cipher_key_len() bytes). -ENOMEM, -ENOTSUP (no implementation for this CPU). */
int bench_gcm_init(struct bench_gcm *gcm, enum covey_cipher cipher, const uint8_t *key);

/*
 * The same for each of so many cores. All but the first have a copy of the library
 * (library_copy.h): each call of it writes a variable, which cores would share. gcms[0] may be the
 * original.
 */
int bench_gcm_spread(const struct bench_gcm *original, struct bench_gcm *gcms[], unsigned cores);
/* Nothing of it is under way. */
void bench_gcm_close(struct bench_gcm *gcm);

/* Take another key of the same length. */
static inline void bench_gcm_rekey(struct bench_gcm *gcm, const uint8_t *key)
{
	gcm->expand(key, &gcm->key);
}

/* What the library is and what it chose for this CPU, as text. */
const char *bench_gcm_library(char *buf, size_t size);

/*
 * Encrypt or decrypt len bytes in place that begin offset bytes into a packet of any number of
 * segments, and compute the tag. A packet of one segment takes one call.
 */
void bench_gcm_packet(const struct bench_gcm *gcm, bool encrypt, struct gcm_context_data *context,
		      struct rte_mbuf *packet, uint32_t offset, uint32_t len, const uint8_t iv[12],
		      const uint8_t *aad, size_t aad_len, uint8_t ret_tag[BENCH_TAG_LEN]);
