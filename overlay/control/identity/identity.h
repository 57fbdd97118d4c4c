/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Whose certificate it is: spiffe://<fabric>/host/<name> (a host's) or spiffe://<fabric>/gkm.
 */

#include <covey/error.h>
#include <covey/limits.h>
#include <openssl/x509.h>
#include <stdint.h>

/* Our certificate extension: SenderID as a DER INTEGER, non-critical. */
#define SENDER_ID_OID "2.25.251961635075018584766527748512559400138"

enum identity_role {
	IDENTITY_HOST,
	IDENTITY_GKM,
};

struct identity {
	enum identity_role role;
	char fabric[COVEY_NAME_MAX + 1];
	char host[COVEY_NAME_MAX + 1];    /* empty for IDENTITY_GKM */
	char uri[COVEY_IDENTITY_MAX + 1]; /* the whole SPIFFE ID */
	uint16_t sender_id;               /* from the extension; 0 when the certificate has none */
};

/* Write the SPIFFE ID into buf (COVEY_IDENTITY_MAX + 1 bytes). host is ignored for IDENTITY_GKM. */
int identity_format(enum identity_role role, const char *fabric, const char *host, char *buf,
		    struct covey_error *error);

/* Parse a SPIFFE ID. Returns 0 or -EINVAL; *ret_identity gets sender_id 0. */
int identity_parse(const char *uri, struct identity *ret_identity, struct covey_error *error);

/*
 * Read identity and SenderID from a certificate. Its chain must be verified already. The
 * certificate must have exactly one URI SAN. Returns 0 or -EINVAL.
 */
int identity_from_certificate(X509 *certificate, struct identity *ret_identity,
			      struct covey_error *error);
