/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Decides who may be at the other end.
 */

#include <openssl/ssl.h>

#include "tls_private.h"

/* Every peer of this context must show a certificate. It is judged by the role and fabric of tls.
 */
void tls_verify_peers(SSL_CTX *context, struct tls *tls);

/* What a chain must fulfil, whether it is a peer's or our own. purpose: X509_PURPOSE_... for its
 * first certificate. */
void tls_verify_demand(X509_VERIFY_PARAM *parameters, int purpose);
