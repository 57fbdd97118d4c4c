/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Makes X.509 certificates: what those of a CA and of a host have in common.
 */

#include <covey/error.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

struct certificate_extension {
	int nid;
	const char *value; /* as in x509v3_config(5) */
};

/* A new P-256 key. NULL when OpenSSL cannot make one. */
EVP_PKEY *certificate_key(void);

/*
 * A certificate for key with a random serial number. It is not signed yet. Its validity is given in
 * seconds from now. Returns NULL when OpenSSL fails.
 */
X509 *certificate_new(EVP_PKEY *key, const char *organisation, const char *name, long not_before_s,
		      long not_after_s);

/* Add extensions, up to an entry with nid 0. For a CA, issuer is the certificate itself. Returns 0
 * or -EIO. */
int certificate_extend(X509 *certificate, X509 *issuer,
		       const struct certificate_extension *extensions);

/* Report a failure inside OpenSSL as "what: OpenSSL's reason". Empties OpenSSL's error queue.
 * Returns -EIO. */
int certificate_failed(const char *what, struct covey_error *error);
