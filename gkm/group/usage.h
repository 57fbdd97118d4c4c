/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How much an SA was used, as its members report in heartbeats. A key is replaced before its use
 * reaches a limit of AES-GCM (docs/protocol.md, section 3.2). Pure, like group.h.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hearing.h"

struct group;
struct sa;

struct usage_limits {
	uint64_t packets_soft;       /* with one key: then rekey */
	uint64_t packets_hard;       /* members stop here by themselves, so more is a lie */
	uint64_t icv_failures_max;   /* at all members of an SA together: then rekey, and warn */
	uint64_t packets_per_second; /* more than any link can carry */
	bool key_is_shared; /* key scope group: the packets of all senders count together */
};

/* The limits of <covey/limits.h>. */
extern const struct usage_limits usage_limits_default;

/* One member's use of one SA. */
struct usage {
	bool was_sent;           /* the member was sent the SA, whatever has happened since then */
	bool was_held;           /* it still had the SA at its last registration; floor_reports.h */
	uint64_t packets_before; /* in earlier registrations; an upper bound */
	uint64_t packets;
	uint64_t failures;
	struct hearing_counts hearing;
	uint64_t failures_counted; /* in all registrations, as far as there was time for so many */
	uint64_t reported_ms;      /* its last report in this registration; 0: none yet */
	uint64_t own_sender;       /* packets from elsewhere that had its SenderID */
};

/* No link can carry more packets than this since the SA began. One second is added, because clocks
 * differ and the message takes time. */
uint64_t usage_possible(const struct group *group, const struct sa *sa, uint64_t now_ms);

enum usage_verdict {
	USAGE_FINE,
	USAGE_PACKETS,    /* this report reaches the soft limit: a rekey is needed */
	USAGE_FAILURES,   /* the same for failed ICVs */
	USAGE_IMPOSSIBLE, /* error says what */
};

/*
 * Take a report of the SA from a live registration. Its counters begin when the member got the SA.
 * Counts of earlier registrations are added, because these may have been another process. Only
 * reports of the group's active SA are judged.
 */
enum usage_verdict usage_report(struct group *group, size_t seat, uint32_t spi, uint64_t packets,
				uint64_t failures, uint64_t now_ms, struct covey_error *error);

/*
 * Take a report of impostors: does anybody else send with a member's SenderID? Each member counts
 * the packets with its own SenderID that came to it since it has had the SA. What is new since its
 * last report is added to the member's total. If the count has fallen, the host was restarted.
 * Returns 0, or -EINVAL for more packets than there was time for (error says so). A report of an SA
 * that the member does not have is ignored.
 */
int usage_report_impostors(struct group *group, size_t seat, uint32_t spi, uint64_t packets,
			   uint64_t now_ms, uint64_t *ret_new, struct covey_error *error);

/* Packets under one key of the SA, for its limit: the most that one sender has reported, or all
 * together where they share the key. */
uint64_t usage_of_key(const struct group *group, const struct sa *sa);

/* The member's registration ends. The counters of the next one begin from zero. */
void usage_end_registration(struct group *group, size_t seat);
