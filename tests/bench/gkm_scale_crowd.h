/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* All members and groups, and the order in which members come. Each member is in all groups. */

#include <covey/error.h>
#include <event2/event.h>
#include <message.h>
#include <openssl/ssl.h>

#include "gkm_scale_member.h"
#include "gkm_scale_pki.h"

/* What one rekey took, in seconds from when it was asked for. */
struct crowd_rekey {
	double *acked; /* by member: its SaInstalled was sent */
	double last_acked;
	double told;     /* the first SaActivate is here: the key manager has everyone's */
	double switched; /* the last SaActivate is here: all send on the new SA */
};

/* One group, as its members see it. */
struct crowd_group {
	uint32_t newest; /* SPI */
	size_t active;   /* members that send on it */
};

struct crowd {
	struct event_base *base;
	SSL_CTX *tls;
	const struct scale_pki *pki;
	uint16_t port;
	size_t at_once; /* so many may be on their way into the group */
	bool quiet;     /* no progress */
	struct scale_member *members;
	struct scale_seat *seats; /* by member, then by group */
	size_t count;
	struct crowd_group *groups;
	size_t group_count;
	struct event *pulse;
	struct event *patience;   /* a phase takes no longer */
	struct event *signals[2]; /* to leave nothing behind */

	double began; /* this phase */
	double told;
	size_t target;             /* in this phase so many are to come */
	bool one_by_one;           /* the next one comes when the one before sends */
	size_t connected;          /* begun */
	size_t joined;             /* in all groups */
	size_t active;             /* pairs of a member and a group that it sends to */
	size_t complete;           /* groups to which all send */
	uint32_t beyond;           /* the phase ends when all send on a newer SA than this */
	size_t acked;              /* of the rekey */
	struct crowd_rekey *rekey; /* NULL: none in this phase */
	/* Runs of probes. */
	struct scale_probe *probes; /* by member; NULL: they do not know probes */
	bool faults;                /* some members have one */
	uint64_t reports;           /* to the one that asked */
	void (*reported)(void *arg, const Covey__ProbeReport *report);
	void *reported_arg;
	char failure[512];
};

/* Seconds of a clock that only moves forward. */
double crowd_now(void);

/* pki, port, at_once, quiet, faults, count and group_count are given. */
int crowd_new(struct crowd *crowd, struct covey_error *error);
void crowd_free(struct crowd *crowd);
/* All members lose their connections and forget all, as in a power cut. */
void crowd_cut(struct crowd *crowd);

/* Have members come until there are so many, all of which send; or fail after so many seconds. */
int crowd_gather(struct crowd *crowd, size_t target, bool one_by_one, double seconds,
		 struct covey_error *error);
/*
 * Ask for a rekey of the first group at the control socket, and wait until all send on the new SA.
 * It fails if the rekey reaches another group. ret_rekey->acked is the caller's, of crowd->count.
 */
int crowd_rekey(struct crowd *crowd, const char *socket, double seconds,
		struct crowd_rekey *ret_rekey, struct covey_error *error);
/* Answer what comes, for so long. */
int crowd_idle(struct crowd *crowd, double seconds, struct covey_error *error);

/* What members tell it. */
void crowd_joined(struct scale_member *member);
void crowd_reported(struct scale_member *member, const Covey__ProbeReport *report);
void crowd_acked(struct scale_member *member, size_t group);
/* The seat's active SA was before. */
void crowd_activated(struct scale_member *member, size_t group, uint32_t before);
__attribute__((format(printf, 2, 3))) void crowd_fail(struct crowd *crowd, const char *format, ...);
