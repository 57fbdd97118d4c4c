/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a program shows of itself: key, certificate, the CAs between, and ca.crt, which decides on
 * both sides. They are loaded together, and are good together, or are not taken.
 */

#include <covey/error.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "certificate_id.h"
#include "identity.h"
#include "tls.h"

#define OWN_CHAIN_MAX (CERTIFICATE_CHAIN_MAX + 1)

/* Paths, in PEM. */
struct own_files {
	const char *ca, *certificate, *key;
};

struct own_certificate {
	char subject[CERTIFICATE_NAME_STRLEN];
	char serial[CERTIFICATE_SERIAL_STRLEN];
	time_t not_before, not_after;
};

/* The own certificate, its issuer, and so on up to one of ca.crt. */
struct own_chain {
	struct own_certificate list[OWN_CHAIN_MAX];
	size_t count;
	uint8_t digest[CERTIFICATE_ID_LEN]; /* of all that was loaded: others differ */
};

struct own {
	SSL_CTX *context; /* with all of it */
	struct identity identity;
	struct own_chain chain;
};

/* 0 or a negative errno; -EKEYEXPIRED when one of the chain has expired. */
int own_load(enum tls_role role, const char *fabric, const struct own_files *files,
	     struct own *ret_own, struct covey_error *error);

/* own_chain.c: is the chain good, and what is it? certificate_file: for the error. */
int own_chain_check(SSL_CTX *context, enum tls_role role, const struct own_files *files,
		    struct own_chain *ret_chain, struct covey_error *error);
