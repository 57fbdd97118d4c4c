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
	aes_gcm_enc_dec_t encrypt;
	aes_gcm_enc_dec_t decrypt;
	aes_gcm_pre_t expand;
};

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
	ciphers->aes_128_gcm =
		(struct cipher){ciphers->manager->gcm128_enc, ciphers->manager->gcm128_dec,
				ciphers->manager->gcm128_pre};
	ciphers->aes_256_gcm =
		(struct cipher){ciphers->manager->gcm256_enc, ciphers->manager->gcm256_dec,
				ciphers->manager->gcm256_pre};
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
