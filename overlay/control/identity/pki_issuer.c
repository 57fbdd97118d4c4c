/* SPDX-License-Identifier: BSD-3-Clause */
#include "pki_issuer.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "pki_file.h"

void issuer_free(struct issuer *issuer)
{
	X509_free(issuer->certificate);
	EVP_PKEY_free(issuer->key);
}

static int check_issuer(const struct issuer *issuer, const char *directory,
			struct covey_error *error)
{
	if (!X509_check_private_key(issuer->certificate, issuer->key))
		return covey_error_set(error, -EINVAL,
				       "%s/ca.crt and %s/ca.key do not belong together", directory,
				       directory);
	if (!X509_check_ca(issuer->certificate))
		return covey_error_set(error, -EINVAL, "%s/ca.crt is no CA's certificate",
				       directory);
	if (X509_cmp_current_time(X509_get0_notAfter(issuer->certificate)) < 0)
		return covey_error_set(error, -EKEYEXPIRED,
				       "%s/ca.crt has expired: make a new CA in another directory "
				       "with covey pki init",
				       directory);
	return 0;
}

int issuer_load(const char *directory, struct issuer *issuer, struct covey_error *error)
{
	char path[PKI_PATH_MAX];
	int status;

	status = pki_path(directory, "ca", "crt", path, error);
	if (status == 0 && access(path, F_OK) < 0 && errno == ENOENT)
		status = covey_error_set(error, -ENOENT,
					 "there is no CA in %s: run covey pki init first",
					 directory);
	if (status == 0)
		status = pki_read_certificate(path, &issuer->certificate, error);
	if (status == 0)
		status = pki_path(directory, "ca", "key", path, error);
	if (status == 0)
		status = pki_read_key(path, &issuer->key, error);
	if (status == 0)
		status = check_issuer(issuer, directory, error);
	return status;
}

const EVP_MD *issuer_digest(const struct issuer *issuer)
{
	bool eddsa = EVP_PKEY_is_a(issuer->key, "ED25519") || EVP_PKEY_is_a(issuer->key, "ED448");

	return eddsa ? NULL : EVP_sha256();
}
