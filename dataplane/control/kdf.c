/* SPDX-License-Identifier: BSD-3-Clause */
#include "kdf.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct kdf {
	EVP_KDF *algorithm;
	EVP_KDF_CTX *context;
};

int kdf_new(struct kdf **ret_kdf)
{
	struct kdf *kdf = calloc(1, sizeof(*kdf));

	if (!kdf)
		return -ENOMEM;
	kdf->algorithm = EVP_KDF_fetch(NULL, "HKDF", NULL);
	if (kdf->algorithm)
		kdf->context = EVP_KDF_CTX_new(kdf->algorithm);
	if (!kdf->context) {
		kdf_free(kdf);
		return -ENOTSUP;
	}
	*ret_kdf = kdf;
	return 0;
}

void kdf_free(struct kdf *kdf)
{
	if (!kdf)
		return;
	EVP_KDF_CTX_free(kdf->context);
	EVP_KDF_free(kdf->algorithm);
	free(kdf);
}

int kdf_hkdf(struct kdf *kdf, const uint8_t *secret, size_t secret_len, const uint8_t *info,
	     size_t info_len, uint8_t *ret_key, size_t key_len)
{
	/* OpenSSL's pointers are not const, but it only reads what they point to. */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, secret_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_len),
		OSSL_PARAM_construct_end(),
	};
	int done = EVP_KDF_derive(kdf->context, ret_key, key_len, params);

	/* The context holds a copy of the secret. Reset wipes it. */
	EVP_KDF_CTX_reset(kdf->context);
	return done == 1 ? 0 : -EIO;
}

int kdf_sender_key(struct kdf *kdf, const uint8_t *tek, size_t key_len, uint32_t spi,
		   uint16_t sender_id, uint8_t *ret_key)
{
	const size_t label_len = sizeof(KDF_LABEL) - 1;
	uint8_t info[sizeof(KDF_LABEL) - 1 + 6] = KDF_LABEL;

	for (unsigned i = 0; i < 4; i++)
		info[label_len + i] = (uint8_t)(spi >> (24 - 8 * i));
	info[label_len + 4] = (uint8_t)(sender_id >> 8);
	info[label_len + 5] = (uint8_t)sender_id;
	return kdf_hkdf(kdf, tek, key_len, info, sizeof(info), ret_key, key_len);
}
