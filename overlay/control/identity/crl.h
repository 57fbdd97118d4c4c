/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Revocation lists (RFC 5280, section 5): which certificates of the fabric's CA are not valid any
 * more.
 *
 * A list is good when it is signed by a CA that we trust. Its dates do not matter for that: a list
 * that was not replaced in time still counts, because what it revokes stays revoked. The operator
 * is told that it is old. If a CA has several lists, a certificate is revoked when any of them
 * revokes it.
 *
 * A list may name a distribution point (RFC 5280, section 5.2.5). Then it covers the certificates
 * that name the same point, and those that name none.
 */

#include <covey/error.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "certificate_id.h"

struct crl;

/* What an operator may want to know of the lists. */
struct crl_summary {
	size_t revoked;
	size_t lists;
	time_t this_update; /* when the newest list was made */
	time_t next_update; /* when the first CA should have made another list; 0: none says so */
	time_t next_made;   /* when that one made the present list */
};

/*
 * Read PATH. It is a file, or a directory of files, with nothing but lists, in PEM or DER. Files
 * whose names begin with a dot are skipped. cas: any of these may have signed a list. All lists
 * must be good: -ENOENT when PATH does not exist or has no list, -E2BIG above a limit, -EACCES for
 * a list that none of the CAs signed, -EINVAL for something else than a list, or a list of a kind
 * that we do not understand.
 */
int crl_load(const char *path, STACK_OF(X509_OBJECT) * cas, struct crl **ret_crl,
	     struct covey_error *error);
void crl_free(struct crl *crl);

/*
 * May next replace current? -ESTALE when current has a list and next has none of that CA, only an
 * older one, or another one with the same number: then revoked certificates could become valid
 * again. current may be NULL.
 */
int crl_check_newer(const struct crl *current, const struct crl *next, struct covey_error *error);

/* Do both come from the same lists, and so say the same? Either may be NULL. */
bool crl_equal(const struct crl *a, const struct crl *b);

/* Is the certificate revoked? crl may be NULL: nothing is revoked. */
bool crl_revokes(const struct crl *crl, const struct certificate_id *id);
/* Is any certificate of the chain revoked? */
bool crl_revokes_chain(const struct crl *crl, const struct certificate_chain *chain);

/*
 * False when there are lists of the certificate's issuer, but all of them for other distribution
 * points than the certificate's. Then nothing is known about the certificate. True when there is no
 * list of its issuer.
 */
bool crl_speaks_of(const struct crl *crl, const X509 *certificate);

#define CRL_TIME_SIZE sizeof("YYYY-MM-DDTHH:MM:SSZ")

/* Write when as text, in UTC, into buf (CRL_TIME_SIZE bytes). Returns buf. */
const char *crl_time(time_t when, char *buf);
/* By the wall clock, should a list have been replaced by now? */
bool crl_is_late(const struct crl_summary *summary);
/* Should one be replaced soon (own_end.h), but not yet? */
bool crl_is_near(const struct crl_summary *summary);

void crl_summarise(const struct crl *crl, struct crl_summary *ret_summary);
