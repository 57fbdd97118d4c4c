/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which certificates of its CA a revocation list speaks of (RFC 5280, section 5.2.5): all, or those
 * that name one of the list's distribution points.
 */

#include <covey/error.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

/*
 * A list that says nothing of some hosts' certificates, or speaks of other CAs', is refused:
 * -EINVAL, and why says what it is. *ret_names: its distribution point, NULL: it names none;
 * GENERAL_NAMES_free().
 */
int crl_scope_read(X509_CRL *list, GENERAL_NAMES **ret_names, const char **ret_why);

/* Do both name the same? NULL: none is named. */
bool crl_scope_equal(const GENERAL_NAMES *a, const GENERAL_NAMES *b);

/* Does a list of this scope speak of this certificate (RFC 5280, section 6.3.3, step b)? */
bool crl_scope_covers(const GENERAL_NAMES *names, const X509 *certificate);
