/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The part of group_settle() that concerns the roster: who is listed as a sender, when the next
 * generation is published, and which members have acknowledged which generation.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group;

/*
 * For so long, in milliseconds, what a member sent before it said that it does so no more may be on
 * its way, or wait in a receiver's queue behind which the control channel is quicker.
 */
#define SETTLE_ON_THE_WAY_MS UINT64_C(100)

/* List members that can send on an SA by now. The floor of one that is listed with an earlier epoch
 * rises only when packets of that epoch are no longer on their way. */
void settle_list_senders(struct group *group, uint64_t now_ms);
/* When the next such floor may rise; GROUP_NEVER when none waits. */
uint64_t settle_list_ms(const struct group *group);

/* When changes of the roster must be published; GROUP_NEVER when there are none. */
uint64_t settle_publish_ms(const struct group *group);
/* Publish the changes, if it is time. */
void settle_publish(struct group *group, uint64_t now_ms);

/* Send the whole roster to members that have no roster yet. */
void settle_greet(struct group *group);

/* The two members that have acknowledged the oldest generations. With them, "all but this one" can
 * be answered fast. */
struct laggards {
	size_t last; /* seat */
	uint64_t last_acked;
	uint64_t second_acked;
};

struct laggards settle_find_laggards(const struct group *group);
/* Do all others accept this member's packets in its epoch? True also when we have waited long
 * enough for them. */
bool settle_is_expected(const struct group *group, size_t seat, const struct laggards *laggards,
			uint64_t now_ms);
