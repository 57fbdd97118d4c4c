/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who may be at the other end.
 */

#include <openssl/ssl.h>

#include "tls_private.h"

/* Demand a certificate of every peer of this context, and judge it by role and fabric of tls. */
void tls_verify_peers(SSL_CTX *context, struct tls *tls);

/* What a chain has to be, a peer's or our own. purpose: X509_PURPOSE_... of its first. */
void tls_verify_demand(X509_VERIFY_PARAM *parameters, int purpose);
