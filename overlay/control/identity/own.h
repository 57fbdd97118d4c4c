/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a program shows of itself (key, certificate, and the CAs in between), and ca.crt, by which
 * both sides judge. All of these are loaded together. If they are not good together, none of them
 * is used.
 */

#include <covey/error.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "certificate_id.h"
#include "identity.h"
#include "tls.h"

#define OWN_CHAIN_MAX   (CERTIFICATE_CHAIN_MAX + 1)
#define OWN_TRUSTED_MAX 16

/* Paths of files in PEM. */
struct own_files {
	const char *ca, *certificate, *key;
};

enum own_role {
	OWN_OURS,
	OWN_ISSUER,  /* a CA that our own one leads to */
	OWN_TRUSTED, /* another CA in ca.crt, as there is while one replaces the other */
};

struct own_certificate {
	enum own_role role;
	char subject[CERTIFICATE_NAME_STRLEN];
	char serial[CERTIFICATE_SERIAL_STRLEN];
	time_t not_before, not_after;
};

/*
 * The own certificate, its issuer's, and so on up to one in ca.crt; then the others that are in
 * ca.crt, of which there are OWN_TRUSTED_MAX at most: those that end first.
 */
struct own_chain {
	struct own_certificate list[OWN_CHAIN_MAX + OWN_TRUSTED_MAX];
	size_t count;
	uint8_t digest[CERTIFICATE_ID_LEN]; /* of all that was loaded; tells it from others */
};

struct own {
	SSL_CTX *context; /* has all of it */
	struct identity identity;
	struct own_chain chain;
};

/* For people: "own", "issuer" or "trusted". */
const char *own_role_name(enum own_role role);

/* Returns 0 or a negative errno; -EKEYEXPIRED when a certificate of the chain has expired. */
int own_load(enum tls_role role, const char *fabric, const struct own_files *files,
	     struct own *ret_own, struct covey_error *error);

/* In own_chain.c: check the chain, and return what is in it. certificate_file: for the error text.
 */
int own_chain_check(SSL_CTX *context, enum tls_role role, const struct own_files *files,
		    struct own_chain *ret_chain, struct covey_error *error);
