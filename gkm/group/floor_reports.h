/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Up to which ESN each sender has used each of its windows of an SA, as it reports in heartbeats. A
 * member that gets an SA which has carried traffic already is told this, so that nobody can replay
 * old packets to it. Pure, like group.h.
 *
 * This is kept for each live SA until it retires: at most COVEY_FLOORS_PER_GROUP_MAX windows in a
 * group, and COVEY_FLOORS_PER_SENDER_MAX of one sender in one SA, 16 bytes each. Further windows
 * have no floor.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group;
struct sa;

/* A member's windows of one SA, as in its message. */
struct floor_report {
	const uint32_t *window_ids;
	size_t window_id_count;
	const uint64_t *esns;
	size_t esn_count;
};

/*
 * Take a report of an SA from a live registration. If the member does not have the SA, the report
 * is outdated and is ignored. Returns 0, -EINVAL for what no honest member reports (error says
 * what), -ENOMEM, or -ENOSPC when some windows did not fit, but only the first time for each SA.
 */
int floor_reports_take(struct group *group, size_t seat, uint32_t spi,
		       const struct floor_report *report, uint64_t now_ms,
		       struct covey_error *error);

/* To be called at a registration: the member still has these SAs with their replay windows, and no
 * others. */
void floor_reports_note_held(struct group *group, size_t seat, const uint32_t *spis, size_t count);

/* Content of one message, in columns, sorted by SenderID, then WindowID. */
struct floor_part {
	const uint32_t *sender_ids;
	const uint32_t *window_ids;
	const uint64_t *esns;
	size_t count;
	bool more;
};

/*
 * Hand over, in parts, what the member must know before it is sent the SA. That is nothing when it
 * has had the SA all the time, or when nobody has reported. Its own windows are left out.
 */
void floor_reports_tell(const struct group *group, size_t seat, const struct sa *sa,
			void (*each)(const struct floor_part *part, void *arg), void *arg);

/* How many windows of the SA are known. */
size_t floor_reports_count(const struct sa *sa);
