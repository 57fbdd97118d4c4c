/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How much an SA was used, by what its members report in heartbeats: a key that comes near a limit
 * of AES-GCM is replaced before it gets there (design: section 3). Pure, like group.h.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hearing.h"

struct group;
struct sa;

struct usage_limits {
	uint64_t packets_soft;       /* under one key: rekey */
	uint64_t packets_hard;       /* members stop by themselves, so more is a lie */
	uint64_t icv_failures_max;   /* at all members of an SA together: rekey, alarm */
	uint64_t packets_per_second; /* more than any link carries */
	bool key_is_shared;          /* key scope group: all senders' packets count together */
};

/* Those of <covey/limits.h>. */
extern const struct usage_limits usage_limits_default;

/* One member's use of one SA. */
struct usage {
	bool was_sent;           /* the member got the SA, whatever has become of it */
	bool was_held;           /* it had it still when it registered last; floor_reports.h */
	uint64_t packets_before; /* in earlier registrations, at most */
	uint64_t packets;
	uint64_t failures;
	struct hearing_counts hearing;
	uint64_t failures_counted; /* in all registrations: what it had time for */
	uint64_t reported_ms;      /* when it reported last in this registration, 0: not yet */
	uint64_t own_sender;       /* packets that it saw with its own SenderID*/
};

/* A link cannot carry more packets than this since the SA began. One second is added, for clocks
 * that differ and for the message's way to us. */
uint64_t usage_possible(const struct group *group, const struct sa *sa, uint64_t now_ms);

enum usage_verdict {
	USAGE_FINE,
	USAGE_PACKETS,    /* the soft limit is reached, by this report: a rekey is wanted */
	USAGE_FAILURES,   /* the same of failed ICVs */
	USAGE_IMPOSSIBLE, /* error says what */
};

/*
 * A live registration's report of the SA, all counters since the member has the SA. What it has
 * held in an earlier registration counts on top: it may have been another process. SAs that are not
 * the group's active one are not judged.
 */
enum usage_verdict usage_report(struct group *group, size_t seat, uint32_t spi, uint64_t packets,
				uint64_t failures, uint64_t now_ms, struct covey_error *error);

/*
 * Impostors: who else sends with a member's SenderID? Each member counts the packets that came to
 * it with its own, since it has the SA. Adds to the member's total what is new since its last
 * report; a count that fell is that of a host that restarted. Returns 0, or -EINVAL for more than
 * there was time for (error says it); an SA that the member does not have is ignored.
 */
int usage_report_impostors(struct group *group, size_t seat, uint32_t spi, uint64_t packets,
			   uint64_t now_ms, uint64_t *ret_new, struct covey_error *error);

/* The seat's registration ends; the next one's counters begin anew. */
void usage_end_registration(struct group *group, size_t seat);
