/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A small certificate authority: what `covey pki` does. ECDSA P-256, SHA-256. Files in one
 * directory: ca.crt, ca.key, gkm.crt, gkm.key, HOST.crt, HOST.key, issued (who got which serial
 * numbers), crl.pem (which of them are revoked). Keys are 0600, created with O_EXCL.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

#include "identity.h"

/*
 * Make ca.crt and ca.key for the fabric in directory (created 0700 when absent). days: validity,
 * 3650 is usual. -EEXIST when either file is there.
 */
int pki_init(const char *directory, const char *fabric, unsigned days, struct covey_error *error);

/*
 * Issue NAME.crt and NAME.key (NAME is the host's, or "gkm"). sender_id 0: no extension. force:
 * replace what is there; without it, -EEXIST. not_before_s and not_after_s are seconds from now (a
 * test asks for an expired certificate with both negative).
 */
int pki_issue(const char *directory, enum identity_role role, const char *fabric, const char *name,
	      uint16_t sender_id, long not_before_s, long not_after_s, bool force,
	      struct covey_error *error);

/*
 * Is the NAME.crt that is there already the one that pki_issue() would make: of this identity, by
 * the CA in this directory, not expired? The error says what it is instead, and what to do.
 */
int pki_check(const char *directory, enum identity_role role, const char *fabric, const char *name,
	      struct covey_error *error);

/* Whole days until the CA in directory ends, which no certificate of it outlives. */
int pki_days_left(const char *directory, long *ret_days, struct covey_error *error);

struct pki_revoked {
	size_t added; /* certificates that were not on the list before */
	size_t total;
};

/*
 * Make crl.pem anew, with what was on it, to be replaced within days, and with these certificates:
 * all that were issued for name (a host's, or "gkm"), or the one with this serial number
 * (hexadecimal); NULL: none. -ENOENT when name never got one.
 */
int pki_revoke(const char *directory, const char *fabric, const char *name, const char *serial,
	       unsigned days, struct pki_revoked *ret_revoked, struct covey_error *error);
