/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Revocation lists on a host: a key manager whose certificate is on one gets no session.
 */

#include <covey/error.h>
#include <event2/event.h>

struct host;
struct options;
struct revocations;
struct tls;

/* Read the lists and watch them. host->member may be set later. */
int revocations_open(struct event_base *base, struct tls *tls, const struct options *options,
		     const struct host *host, struct revocations **ret_revocations,
		     struct covey_error *error);
void revocations_close(struct revocations *revocations);

/* Read the lists now. */
void revocations_reload(struct revocations *revocations);
