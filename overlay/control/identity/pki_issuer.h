/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The CA's certificate and key, for those who sign with it.
 */

#include <covey/error.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

struct issuer {
	X509 *certificate;
	EVP_PKEY *key;
};

/* From DIRECTORY/ca.crt and ca.key. issuer_free() is due also when it fails. */
int issuer_load(const char *directory, struct issuer *issuer, struct covey_error *error);
void issuer_free(struct issuer *issuer);

/* EdDSA takes none (NULL); a CA that was brought along may have any kind of key. */
const EVP_MD *issuer_digest(const struct issuer *issuer);
