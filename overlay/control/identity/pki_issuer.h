/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The CA's certificate and key, for code that signs with it.
 */

#include <covey/error.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

struct issuer {
	X509 *certificate;
	EVP_PKEY *key;
};

/* Read DIRECTORY/ca.crt and ca.key. Call issuer_free() even if this fails. */
int issuer_load(const char *directory, struct issuer *issuer, struct covey_error *error);
void issuer_free(struct issuer *issuer);

/* The digest to sign with. EdDSA takes none (NULL). A CA that was made elsewhere may have any kind
 * of key. */
const EVP_MD *issuer_digest(const struct issuer *issuer);
