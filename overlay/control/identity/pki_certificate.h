/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Making X.509 certificates: what a CA's and a host's have in common.
 */

#include <covey/error.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

struct certificate_extension {
	int nid;
	const char *value; /* as in x509v3_config(5) */
};

/* A new P-256 key, NULL when OpenSSL cannot make one. */
EVP_PKEY *certificate_key(void);

/*
 * A certificate for key with a random serial number, not signed yet. Validity in seconds from now.
 * Returns NULL when OpenSSL fails.
 */
X509 *certificate_new(EVP_PKEY *key, const char *organisation, const char *name, long not_before_s,
		      long not_after_s);

/* Add extensions up to nid 0. issuer is the certificate itself for a CA. Returns 0 or -EIO. */
int certificate_extend(X509 *certificate, X509 *issuer,
		       const struct certificate_extension *extensions);

/* "what: OpenSSL's reason" for a failure inside OpenSSL; empties its error queue. Returns -EIO. */
int certificate_failed(const char *what, struct covey_error *error);
