/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which certificates of its CA a revocation list covers (RFC 5280, section 5.2.5): all of them, or
 * those that name one of the list's distribution points.
 */

#include <covey/error.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

/*
 * Refuses a list that does not cover some hosts' certificates, or that covers those of other CAs:
 * returns -EINVAL, and *ret_why says why. *ret_names: the list's distribution point, NULL when it
 * names none. Free it with GENERAL_NAMES_free().
 */
int crl_scope_read(X509_CRL *list, GENERAL_NAMES **ret_names, const char **ret_why);

/* Do both name the same point? NULL: no point is named. */
bool crl_scope_equal(const GENERAL_NAMES *a, const GENERAL_NAMES *b);

/* Does a list with this scope cover this certificate (RFC 5280, section 6.3.3, step b)? */
bool crl_scope_covers(const GENERAL_NAMES *names, const X509 *certificate);
