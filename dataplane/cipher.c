/* SPDX-License-Identifier: BSD-3-Clause */
#include "cipher.h"
#include <errno.h>
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct cipher_key) >= sizeof(struct gcm_key_data), "key fits");
_Static_assert(_Alignof(struct cipher_key) >= _Alignof(struct gcm_key_data), "key is aligned");
_Static_assert(sizeof(struct cipher_context) >= sizeof(struct gcm_context_data), "context fits");

/* Of the manager's table, those for keys of so many bits. */
#define FUNCTIONS(manager, bits)                                                                   \
	{                                                                                          \
		.encrypt = (manager)->gcm##bits##_enc, .decrypt = (manager)->gcm##bits##_dec,      \
		.begin = (manager)->gcm##bits##_init,                                              \
		.encrypt_more = (manager)->gcm##bits##_enc_update,                                 \
		.decrypt_more = (manager)->gcm##bits##_dec_update,                                 \
		.encrypt_end = (manager)->gcm##bits##_enc_finalize,                                \
		.decrypt_end = (manager)->gcm##bits##_dec_finalize,                                \
		.expand = (manager)->gcm##bits##_pre, .round_keys_len = 16 * ((bits) / 32 + 7),    \
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

/* With VAES, 48 powers of the hash key lie in falling order; without, 8 in rising order, and for
 * some CPUs another form of each behind them: all are taken. */
static void tell_powers(const struct ciphers *ciphers, struct cipher *cipher)
{
	const struct gcm_key_data *key = NULL;
	size_t start = offsetof(struct gcm_key_data, ghash_keys);
	size_t len = sizeof(key->ghash_keys.sse_avx);

	cipher->powers_min = (uint16_t)(len / 16);
	if (ciphers->manager->used_arch == IMB_ARCH_AVX512 &&
	    ciphers->manager->features & IMB_FEATURE_VAES) {
		len = sizeof(key->ghash_keys.vaes_avx512);
		cipher->powers_min = 1;
	}
	cipher->powers_max = (uint16_t)(len / 16);
	cipher->powers_end = (uint16_t)(start + len);
}

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
	tell_powers(ciphers, &ciphers->aes_128_gcm);
	tell_powers(ciphers, &ciphers->aes_256_gcm);
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
	if (cipher_same_tag(computed, icv))
		return true;
	wipe((struct stretch){packet, offset, len});
	return false;
}
