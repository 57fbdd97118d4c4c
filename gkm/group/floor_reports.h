/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How far each sender has used each of its windows of an SA, as it reports in heartbeats. A member
 * that gets an SA after it carried traffic is told this, so that nobody can replay old packets to
 * it. Pure, like group.h.
 *
 * Kept per live SA until it retires: COVEY_FLOORS_PER_GROUP_MAX windows of a group and
 * COVEY_FLOORS_PER_SENDER_MAX of one sender's in an SA, 16 bytes each. Windows beyond that have no
 * floor.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group;
struct sa;

/* A member's windows of one SA, as a message brings them. */
struct floor_report {
	const uint32_t *window_ids;
	size_t window_id_count;
	const uint64_t *esns;
	size_t esn_count;
};

/*
 * A live registration's report of an SA. One of an SA that it does not have is outdated and
 * ignored. Returns 0, -EINVAL for what no honest member says (error has it), -ENOMEM, or -ENOSPC,
 * once for each SA, when some windows did not fit.
 */
int floor_reports_take(struct group *group, size_t seat, uint32_t spi,
		       const struct floor_report *report, uint64_t now_ms,
		       struct covey_error *error);

/* At a registration: the member has these SAs still, replay windows and all, and no others. */
void floor_reports_note_held(struct group *group, size_t seat, const uint32_t *spis, size_t count);

/* One message's worth: columns, by rising (SenderID, WindowID). */
struct floor_part {
	const uint32_t *sender_ids;
	const uint32_t *window_ids;
	const uint64_t *esns;
	size_t count;
	bool more;
};

/*
 * Hand over, in parts, what the seat needs before it is sent the SA: nothing when it has held the
 * SA all the while or nobody has reported. Its own windows are left out.
 */
void floor_reports_tell(const struct group *group, size_t seat, const struct sa *sa,
			void (*each)(const struct floor_part *part, void *arg), void *arg);

/* Windows that are known of the SA. */
size_t floor_reports_count(const struct sa *sa);
