/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * From whom members have received VXLAN in clear in the last minute, as they report it. A group
 * goes to enforce only when there is none. Pure, like group.h.
 */

#include <covey/addr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group;

#define CLEAR_HEARD_MS UINT64_C(60000)

/* Packets in clear from one address to one member. */
struct clear_heard {
	struct covey_addr vtep;
	uint32_t vni; /* of the last report */
	uint64_t packets;
	uint64_t at_ms; /* when the last report came */
};

/* For a member. It stays when the member's session ends. */
struct clear_list {
	struct clear_heard *heard;
	size_t count;
	uint64_t missed_ms; /* when there was more than was noted the last time; 0: never */
};

/* For a group. */
struct clear_total {
	size_t count;
	uint64_t swept_ms;
};

/* Take one report of a member. What does not fit is noted as such. */
void clear_heard_take(struct group *group, size_t seat, const struct clear_heard *report);

/* The member has heard more than it reports, or does not know. */
void clear_heard_more(struct group *group, size_t seat, uint64_t now_ms);

/* Call each() for all that is not too old, of members that are not evicted. */
void clear_heard_each(const struct group *group, uint64_t now_ms,
		      void (*each)(size_t seat, const struct clear_heard *heard, void *arg),
		      void *arg);
/* Has this member, which is not evicted, heard more in the last minute than is noted? */
bool clear_heard_missed(const struct group *group, size_t seat, uint64_t now_ms);
/* Of this member, what is too old. UINT64_MAX: forget all. */
void clear_heard_forget(struct group *group, size_t seat, uint64_t now_ms);
