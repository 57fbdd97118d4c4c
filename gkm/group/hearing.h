/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which members are deaf. The ESNs that members report show that they send multicast. A member that
 * should get all of it, but counts no packet, is deaf. Unicast cannot show this, because nobody
 * reports to which member it was sent. Pure, like group.h.
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

/* For a member, while its registration lasts. */
struct hearing {
	bool deaf;
	bool listens;     /* the member says that it should get all of the group's multicast */
	bool heard;       /* it has received something since it was judged last */
	uint64_t missed;  /* packets sent by others since then, on SAs that it has */
	uint64_t unheard; /* packets sent by others since it last heard something */
	unsigned strikes;
	uint64_t strike_ms; /* when the last strike was */
};

/* For a member, in one SA. */
struct hearing_counts {
	uint64_t counters; /* sum over its multicast windows in its last report */
	uint64_t sent;     /* by how much that sum has risen in all */
	uint64_t received; /* in its last report */
	uint64_t others;   /* what others had sent by then */
	bool begun;        /* received and others are from this registration */
};

struct hearing_report {
	uint32_t spi;
	const uint32_t *window_ids; /* as many as esns; checked (floor_reports.h) */
	const uint64_t *esns;
	size_t window_count;
	uint64_t received; /* multicast packets that have authenticated */
	bool listens;
};

enum hearing_verdict {
	HEARING_AS_BEFORE,
	HEARING_DEAF,  /* it has become deaf now */
	HEARING_AGAIN, /* it was deaf and hears again */
};

/* Take a report of an SA from a live registration. If the member does not have the SA, the report
 * is ignored. */
void hearing_report(struct group *group, size_t seat, const struct hearing_report *report);
/* To be called after the reports of one Heartbeat. */
enum hearing_verdict hearing_judge(struct group *group, size_t seat, uint64_t now_ms);

/* The member's registration ends. */
void hearing_end_registration(struct group *group, size_t seat);
