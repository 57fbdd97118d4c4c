/* SPDX-License-Identifier: BSD-3-Clause */
#include "cipher.h"
#include "key_memory.h"
#include <errno.h>
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct cipher_key) >= sizeof(struct gcm_key_data), "key fits");
_Static_assert(_Alignof(struct cipher_key) >= _Alignof(struct gcm_key_data), "key is aligned");
_Static_assert(sizeof(struct cipher_context) >= sizeof(struct gcm_context_data), "context fits");

struct cipher {
	/* A packet in one piece. */
	aes_gcm_enc_dec_t encrypt;
	aes_gcm_enc_dec_t decrypt;
	/* Segment by segment. */
	aes_gcm_init_t begin;
	aes_gcm_enc_dec_update_t encrypt_more;
	aes_gcm_enc_dec_update_t decrypt_more;
	aes_gcm_enc_dec_finalize_t encrypt_end;
	aes_gcm_enc_dec_finalize_t decrypt_end;
	aes_gcm_pre_t expand;
};

/* Of the manager's table, those for keys of so many bits. */
#define FUNCTIONS(manager, bits)                                                                   \
	{                                                                                          \
		.encrypt = (manager)->gcm##bits##_enc, .decrypt = (manager)->gcm##bits##_dec,      \
		.begin = (manager)->gcm##bits##_init,                                              \
		.encrypt_more = (manager)->gcm##bits##_enc_update,                                 \
		.decrypt_more = (manager)->gcm##bits##_dec_update,                                 \
		.encrypt_end = (manager)->gcm##bits##_enc_finalize,                                \
		.decrypt_end = (manager)->gcm##bits##_dec_finalize,                                \
		.expand = (manager)->gcm##bits##_pre,                                              \
	}

/*
 * The direct API needs the manager for its table of functions alone; they keep their state in key
 * and context, so one manager serves all threads.
 */
struct ciphers {
	IMB_MGR *manager;
	struct cipher aes_128_gcm;
	struct cipher aes_256_gcm;
};

int ciphers_new(struct ciphers **ret_ciphers)
{
	struct ciphers *ciphers = calloc(1, sizeof(*ciphers));
	int error = -ENOMEM;

	if (!ciphers)
		return -ENOMEM;
	ciphers->manager = alloc_mb_mgr(0);
	if (!ciphers->manager)
		goto fail;
	init_mb_mgr_auto(ciphers->manager, NULL);
	error = -ENOTSUP;
	if (imb_get_errno(ciphers->manager) != 0)
		goto fail;
	ciphers->aes_128_gcm = (struct cipher)FUNCTIONS(ciphers->manager, 128);
	ciphers->aes_256_gcm = (struct cipher)FUNCTIONS(ciphers->manager, 256);
	*ret_ciphers = ciphers;
	return 0;
fail:
	ciphers_free(ciphers);
	return error;
}

void ciphers_free(struct ciphers *ciphers)
{
	if (!ciphers)
		return;
	if (ciphers->manager)
		free_mb_mgr(ciphers->manager);
	free(ciphers);
}

const struct cipher *ciphers_get(const struct ciphers *ciphers, enum covey_cipher cipher)
{
	switch (cipher) {
	case COVEY_AES_256_GCM:
		return &ciphers->aes_256_gcm;
	case COVEY_AES_128_GCM:
		return &ciphers->aes_128_gcm;
	}
	return NULL;
}

int cipher_expand(const struct ciphers *ciphers, enum covey_cipher cipher, const uint8_t *key,
		  struct cipher_key *ret_key)
{
	const struct cipher *functions = ciphers_get(ciphers, cipher);

	if (!functions)
		return -EINVAL;
	functions->expand(key, (struct gcm_key_data *)ret_key);
	return imb_get_errno(NULL) == 0 ? 0 : -EINVAL;
}

void cipher_seal(const struct cipher *cipher, const struct cipher_key *key,
		 struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN], uint8_t *data,
		 size_t len, uint8_t icv[COVEY_ICV_LEN])
{
	cipher->encrypt((const struct gcm_key_data *)key, (struct gcm_context_data *)context, data,
			data, len, iv, NULL, 0, icv, COVEY_ICV_LEN);
}

bool cipher_open(const struct cipher *cipher, const struct cipher_key *key,
		 struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN], uint8_t *data,
		 size_t len, const uint8_t icv[COVEY_ICV_LEN])
{
	uint8_t computed[COVEY_ICV_LEN];

	cipher->decrypt((const struct gcm_key_data *)key, (struct gcm_context_data *)context, data,
			data, len, iv, NULL, 0, computed, COVEY_ICV_LEN);
	if (constant_time_equal(computed, icv, COVEY_ICV_LEN))
		return true;
	explicit_bzero(data, len);
	return false;
}

/* --- over segments ------------------------------------------------------------------------- */

/* Bytes of a packet, from offset in segment on. */
struct stretch {
	struct rte_mbuf *segment;
	uint32_t offset;
	uint32_t len;
};

/* Take what of the stretch lies in one segment: its length, 0 at the stretch's end. */
static uint32_t take(struct stretch *stretch, uint8_t **ret_data)
{
	uint32_t here;

	if (stretch->len == 0)
		return 0;
	while (stretch->offset >= stretch->segment->data_len) {
		stretch->offset -= stretch->segment->data_len;
		stretch->segment = stretch->segment->next;
	}
	here = RTE_MIN(stretch->len, stretch->segment->data_len - stretch->offset);
	*ret_data = rte_pktmbuf_mtod_offset(stretch->segment, uint8_t *, stretch->offset);
	stretch->offset += here;
	stretch->len -= here;
	return here;
}

static void transform(const struct cipher *cipher, aes_gcm_enc_dec_update_t more,
		      const struct gcm_key_data *key, struct gcm_context_data *context,
		      const uint8_t *iv, struct stretch stretch)
{
	uint8_t *data = NULL;
	uint32_t here;

	cipher->begin(key, context, iv, NULL, 0);
	while ((here = take(&stretch, &data)) > 0)
		more(key, context, data, data, here);
}

static void wipe(struct stretch stretch)
{
	uint8_t *data = NULL;
	uint32_t here;

	while ((here = take(&stretch, &data)) > 0)
		explicit_bzero(data, here);
}

void cipher_seal_chain(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
		       struct rte_mbuf *packet, uint32_t offset, uint32_t len,
		       uint8_t icv[COVEY_ICV_LEN])
{
	const struct gcm_key_data *gcm_key = (const struct gcm_key_data *)key;
	struct gcm_context_data *gcm_context = (struct gcm_context_data *)context;

	transform(cipher, cipher->encrypt_more, gcm_key, gcm_context, iv,
		  (struct stretch){packet, offset, len});
	cipher->encrypt_end(gcm_key, gcm_context, icv, COVEY_ICV_LEN);
}

bool cipher_open_chain(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
		       struct rte_mbuf *packet, uint32_t offset, uint32_t len,
		       const uint8_t icv[COVEY_ICV_LEN])
{
	const struct gcm_key_data *gcm_key = (const struct gcm_key_data *)key;
	struct gcm_context_data *gcm_context = (struct gcm_context_data *)context;
	uint8_t computed[COVEY_ICV_LEN];

	transform(cipher, cipher->decrypt_more, gcm_key, gcm_context, iv,
		  (struct stretch){packet, offset, len});
	cipher->decrypt_end(gcm_key, gcm_context, computed, COVEY_ICV_LEN);
	if (constant_time_equal(computed, icv, COVEY_ICV_LEN))
		return true;
	wipe((struct stretch){packet, offset, len});
	return false;
}
