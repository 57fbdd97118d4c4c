/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which members are deaf. The ESNs that members report show what they send. Two things are judged:
 *
 * - A member that should get all that others multicast, but counts none of it, is deaf.
 * - A member that counts no packet at all, while others send unicast, is deaf if the group has only
 *   two members. In a larger group nobody reports to which member unicast was sent. There a member
 *   is perhaps deaf, if it sends itself, and if some unicast has come to no member.
 *
 * Pure, like group.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group;

/*
 * A member is deaf when it has heard nothing in this number of heartbeats, and in this number of
 * packets altogether. A heartbeat counts only if others have sent packets since the one before.
 * Fewer packets prove nothing, because the network may lose some.
 */
#define HEARING_STRIKES 3u
#define HEARING_PACKETS 10u
/* Heartbeats that come within this time count as one. */
#define HEARING_GAP_MS UINT64_C(5000)

/* What a member should hear: what is multicast, or anything. */
struct hearing_ear {
	bool deaf;
	bool heard;       /* it has received something since it was judged last */
	uint64_t missed;  /* packets sent by others since then, on SAs that it has */
	uint64_t unheard; /* packets sent by others since it last heard something */
	unsigned strikes;
	uint64_t strike_ms; /* when the last strike was */
};

/* For a member, while its registration lasts. */
struct hearing {
	bool deaf;
	bool perhaps;  /* perhaps deaf; never both */
	bool listens;  /* the member says that it should get all of the group's multicast */
	bool receives; /* it says how much it has received at all */
	struct hearing_ear multicast;
	struct hearing_ear any; /* its missed and unheard are unicast packets */
	uint64_t own;           /* packets that it has sent since it was judged last */
	/* Unicast packets that have come to nobody since it last heard something, as far as is
	 * reported; reports come one after the other, so it may be below 0 (modulo 2^64). */
	uint64_t lost;
};

/* For a member, in one SA. */
struct hearing_counts {
	/* Sums over its windows in its last report, and by how much they have risen in all. */
	uint64_t multicast, multicast_sent;
	uint64_t unicast, unicast_sent;
	/* In its last report. */
	uint64_t multicast_received, unicast_received;
	/* What others had sent by then, and how much unicast had come to nobody. */
	uint64_t others_multicast, others_unicast, lost;
	bool begun; /* the last five are from this registration */
};

struct hearing_report {
	uint32_t spi;
	const uint32_t *window_ids; /* as many as esns; checked (floor_reports.h) */
	const uint64_t *esns;
	size_t window_count;
	uint64_t multicast_received; /* packets that have authenticated */
	uint64_t received;           /* the same, and all others; 0 unless receives */
	bool listens;
	bool receives;
};

enum hearing_verdict {
	HEARING_AS_BEFORE,
	HEARING_DEAF,    /* it has become deaf now */
	HEARING_PERHAPS, /* it may have become so */
	HEARING_AGAIN,   /* it was deaf, perhaps, and hears again */
};

/* Take a report of an SA from a live registration. If the member does not have the SA, the report
 * is ignored. */
void hearing_report(struct group *group, size_t seat, const struct hearing_report *report);
/* To be called after the reports of one Heartbeat. */
enum hearing_verdict hearing_judge(struct group *group, size_t seat, uint64_t now_ms);

/* The member's registration ends. */
void hearing_end_registration(struct group *group, size_t seat);
