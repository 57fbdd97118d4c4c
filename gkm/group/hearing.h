/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which members are deaf: the ESNs of the others' windows say that they send multicast, and a
 * member that should get all of it counts no packet. Unicast says nothing, because nobody reports
 * to which member it went. Pure, like group.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group;

/*
 * A member is deaf when it has heard nothing in this many heartbeats, each with more packets sent
 * by others, and in this many packets together: the wire may lose a few.
 */
#define HEARING_STRIKES 3u
#define HEARING_PACKETS 10u
/* Heartbeats that come faster count as one. */
#define HEARING_GAP_MS UINT64_C(5000)

/* Of a member, while its registration lasts. */
struct hearing {
	bool deaf;
	bool listens;     /* it is to get all that is multicast in the group, it says */
	bool heard;       /* something, since it was judged last */
	uint64_t missed;  /* sent by others since then, on SAs that it has */
	uint64_t unheard; /* the same since it has heard something */
	unsigned strikes;
	uint64_t strike_ms; /* the last one */
};

/* Of a member, in one SA. */
struct hearing_counts {
	uint64_t counters; /* of its multicast windows, added up, as it reported last */
	uint64_t sent;     /* what they have risen by */
	uint64_t received; /* as it reported last */
	uint64_t others;   /* had sent so much then */
	bool begun;        /* received and others are of this registration */
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
	HEARING_DEAF,  /* now */
	HEARING_AGAIN, /* it was deaf */
};

/* A live registration's report of an SA; one of an SA that it does not have is ignored. */
void hearing_report(struct group *group, size_t seat, const struct hearing_report *report);
/* After the reports of one Heartbeat. */
enum hearing_verdict hearing_judge(struct group *group, size_t seat, uint64_t now_ms);

/* The seat's registration ends. */
void hearing_end_registration(struct group *group, size_t seat);
