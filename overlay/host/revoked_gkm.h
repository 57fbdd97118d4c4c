/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Revocation lists on a host: a key manager whose certificate is on one gets no session.
 */

#include <covey/error.h>
#include <event2/event.h>

struct crl_watch;
struct host;
struct options;
struct revoked_gkm;
struct tls;

/* Read the lists and watch them. host->member may be set later. */
int revoked_gkm_open(struct event_base *base, struct tls *tls, const struct options *options,
		     const struct host *host, struct revoked_gkm **ret_revoked,
		     struct covey_error *error);
void revoked_gkm_close(struct revoked_gkm *revoked);

/* The lists; belong to revoked. */
const struct crl_watch *revoked_gkm_lists(const struct revoked_gkm *revoked);

/* Read the lists now. */
void revoked_gkm_reload(struct revoked_gkm *revoked);
