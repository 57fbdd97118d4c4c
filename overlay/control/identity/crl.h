/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Revocation lists (RFC 5280, section 5): which certificates of the fabric's CA count no more.
 *
 * A list is good when a CA that we trust signed it. Its dates do not matter to that: one that has
 * not been replaced in time goes on counting, for what it revokes stays revoked; its age is for the
 * operator to be told. Of several lists of one CA the union counts.
 *
 * A list may name a distribution point (RFC 5280, section 5.2.5): then it speaks of the
 * certificates that name the same, and of those that name none.
 */

#include <covey/error.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "certificate_id.h"

struct crl;

/* What of it interests an operator. */
struct crl_summary {
	size_t revoked;
	size_t lists;
	time_t this_update; /* of the newest list */
	time_t next_update; /* when the first of the CAs is to have made another; 0: none says */
};

/*
 * Read PATH, a file or a directory of files, all of which are lists, in PEM or DER; files whose
 * names begin with a dot are left out. cas: any of these may have signed a list. All of it must be
 * good: -ENOENT without PATH or without any list in it, -E2BIG past a limit, -EACCES for a list
 * that no CA signed, -EINVAL for what is no list or one of a kind that is not understood.
 */
int crl_load(const char *path, STACK_OF(X509_OBJECT) * cas, struct crl **ret_crl,
	     struct covey_error *error);
void crl_free(struct crl *crl);

/*
 * May next replace current? -ESTALE when it lacks a CA of current, or has but an older list of it,
 * or another one of the same number: that could make certificates good again that are revoked.
 * current may be NULL.
 */
int crl_check_newer(const struct crl *current, const struct crl *next, struct covey_error *error);

/* Do both say the same, from the same lists? Either may be NULL. */
bool crl_equal(const struct crl *a, const struct crl *b);

/* crl may be NULL: nothing is revoked. */
bool crl_revokes(const struct crl *crl, const struct certificate_id *id);
/* Any certificate of the chain. */
bool crl_revokes_chain(const struct crl *crl, const struct certificate_chain *chain);

/*
 * False: there are lists of the certificate's issuer, but all of other distribution points than its
 * own, so that nothing is known of it. Without any list of its issuer: true.
 */
bool crl_speaks_of(const struct crl *crl, const X509 *certificate);

#define CRL_TIME_SIZE sizeof("YYYY-MM-DDTHH:MM:SSZ")

/* When as text, in UTC. buf: CRL_TIME_SIZE. Returns buf. */
const char *crl_time(time_t when, char *buf);
/* A list should have been replaced by now, by the wall clock. */
bool crl_is_late(const struct crl_summary *summary);

void crl_summarise(const struct crl *crl, struct crl_summary *ret_summary);
