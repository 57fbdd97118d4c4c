/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who may be at the other end.
 */

#include <openssl/ssl.h>

#include "tls.h"

/* Demand a certificate of every peer of this context, and judge it by role and fabric of tls. */
void tls_verify_peers(SSL_CTX *context, struct tls *tls);
