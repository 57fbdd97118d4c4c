/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The part of group_settle() that is about the roster: who is listed in it as a sender, when the
 * next generation is published, and which members have acknowledged which one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group;

/* List members that can send on an SA from now on. */
void settle_list_senders(struct group *group, uint64_t now_ms);

/* When changes of the roster are to be published, GROUP_NEVER: there are none. */
uint64_t settle_publish_ms(const struct group *group);
/* Publish them, if it is time. */
void settle_publish(struct group *group, uint64_t now_ms);

/* Send the whole roster to members that have none yet. */
void settle_greet(struct group *group);

/* The two members that are furthest behind with the roster, to answer "all but this one" fast. */
struct laggards {
	size_t last; /* seat */
	uint64_t last_acked;
	uint64_t second_acked;
};

struct laggards settle_find_laggards(const struct group *group);
/* All others take this member's packets in its epoch, or were waited for long enough. */
bool settle_is_expected(const struct group *group, size_t seat, const struct laggards *laggards,
			uint64_t now_ms);
