/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A small certificate authority, used by `covey pki`: ECDSA P-256, SHA-256. Its files are in one
 * directory: ca.crt, ca.key, gkm.crt, gkm.key, HOST.crt, HOST.key, issued (which serial numbers
 * each name got), crl.pem (which of them are revoked). Keys have mode 0600 and are created with
 * O_EXCL.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "identity.h"

/*
 * Make ca.crt and ca.key for the fabric in directory, which is made with mode 0700 if it does not
 * exist. days: how long the CA is valid; 3650 is usual. -EEXIST when one of the files exists.
 */
int pki_init(const char *directory, const char *fabric, unsigned days, struct covey_error *error);

/*
 * Issue NAME.crt and NAME.key (NAME is the host's name, or "gkm"). sender_id 0: no extension.
 * force: replace existing files; otherwise -EEXIST. not_before_s and not_after_s are seconds from
 * now. (A test makes an expired certificate with two negative values.)
 */
int pki_issue(const char *directory, enum identity_role role, const char *fabric, const char *name,
	      uint16_t sender_id, long not_before_s, long not_after_s, bool force,
	      struct covey_error *error);

/*
 * Is the existing NAME.crt what pki_issue() would make? That is: does it have this identity, was it
 * issued by the CA in this directory, and has it not expired? The error says what is different, and
 * what to do.
 */
int pki_check(const char *directory, enum identity_role role, const char *fabric, const char *name,
	      struct covey_error *error);

/* What the existing NAME.crt says. */
struct pki_standing {
	time_t ends;
	uint16_t sender_id; /* 0: none */
	bool of_this_ca;    /* the one in directory issued it */
	time_t ca_ends;     /* when that one ends */
};

/*
 * Read NAME.crt. It must have this identity, and a CA must be in directory; it may have expired,
 * and another CA may have issued it. Returns 0, -ENOENT when there is no such file, or another
 * negative errno; the error says what to do.
 */
int pki_stand(const char *directory, enum identity_role role, const char *fabric, const char *name,
	      struct pki_standing *ret_standing, struct covey_error *error);

/* In how many whole days the CA in directory ends. No certificate of it is valid for longer. */
int pki_days_left(const char *directory, long *ret_days, struct covey_error *error);

struct pki_revoked {
	size_t added; /* certificates that were not on the list yet */
	size_t total;
};

/*
 * Make a new crl.pem, which should be replaced within days. It has all that was on the old one, and
 * also these certificates: all that were issued for name (a host's, or "gkm"), or the one with this
 * serial number (hexadecimal), or none when both are NULL. -ENOENT when name has never got a
 * certificate.
 */
int pki_revoke(const char *directory, const char *fabric, const char *name, const char *serial,
	       unsigned days, struct pki_revoked *ret_revoked, struct covey_error *error);
