/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Identifies a certificate by its issuer's name and its serial number (RFC 5280, section 4.1.2.2),
 * in the form in which revocation lists are searched and sessions remember what a peer showed.
 */

#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

#define CERTIFICATE_ID_LEN        32 /* SHA-256 */
#define CERTIFICATE_SERIAL_STRLEN 64 /* hexadecimal; longer than RFC 5280 allows: cut */
#define CERTIFICATE_NAME_STRLEN   96
#define CERTIFICATE_CHAIN_MAX     5

struct certificate_id {
	uint8_t digest[CERTIFICATE_ID_LEN];
};

/* The peer's certificate, then those between it and the trusted CA. */
struct certificate_chain {
	struct certificate_id ids[CERTIFICATE_CHAIN_MAX];
	size_t count;
	char serial[CERTIFICATE_SERIAL_STRLEN]; /* of the peer's certificate, for logs */
};

/* issuer: the name as in the issuer's own certificate. Returns 0 or -ENOMEM. */
int certificate_id(const X509_NAME *issuer, const ASN1_INTEGER *serial,
		   struct certificate_id *ret_id);

/*
 * From a verified chain: the peer's certificate first, the trust anchor last. Returns 0, -ENOMEM,
 * or -E2BIG when the chain is too long.
 */
int certificate_chain(STACK_OF(X509) * verified, struct certificate_chain *ret_chain);

/* Hexadecimal, upper case, as openssl(1) prints it. buf: CERTIFICATE_SERIAL_STRLEN. Returns buf. */
const char *certificate_serial(const ASN1_INTEGER *serial, char *buf);

/* A subject's or issuer's name, for logs. buf: CERTIFICATE_NAME_STRLEN. Returns buf. */
const char *certificate_name(const X509_NAME *name, char *buf);
