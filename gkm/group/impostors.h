/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who else sends with a member's SenderID: each member counts the packets that came to it with its
 * own, and reports them in heartbeats. Pure, like group.h.
 */

#include <covey/error.h>
#include <stddef.h>
#include <stdint.h>

struct group;

/*
 * A live registration's report: packets since the member has the SA. Adds what is new since the one
 * before to the member's total. A count that fell is of a host that restarted. Returns 0, or
 * -EINVAL for more than there was time for (error says it); an SA that it does not have is ignored.
 */
int impostors_report(struct group *group, size_t seat, uint32_t spi, uint64_t packets,
		     uint64_t now_ms, uint64_t *ret_new, struct covey_error *error);
