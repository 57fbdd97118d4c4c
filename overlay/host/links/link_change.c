/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_change.h"

#include <string.h>

static enum link_change find_identity(const struct link_state *was, const struct link_state *now,
				      struct covey_error *ret_what)
{
	if (!now->there && now->name_taken)
		return covey_error_set(ret_what, LINK_LOST,
				       "interface %s was replaced by another of its name",
				       was->name);
	if (!now->there)
		return covey_error_set(ret_what, LINK_LOST,
				       "interface %s is gone: removed, or moved to another "
				       "network namespace",
				       was->name);
	if (strcmp(now->name, was->name) != 0)
		return covey_error_set(ret_what, LINK_LOST, "interface %s was renamed to %s",
				       was->name, now->name);
	return LINK_SAME;
}

static enum link_change find_af_xdp(const struct link_state *was, const struct link_state *now,
				    struct covey_error *ret_what)
{
	if (now->rx_queues != was->rx_queues)
		return covey_error_set(ret_what, LINK_LOST,
				       "interface %s has %u receive queues now, and had %u: "
				       "covey-host does not receive from all of them",
				       was->name, now->rx_queues, was->rx_queues);
	if (now->program != 0 && now->program != was->program)
		return covey_error_set(ret_what, LINK_LOST,
				       "somebody put another XDP program, number %u, on "
				       "interface %s in place of covey's: nothing reaches "
				       "covey-host (see `bpftool prog show id %u`)",
				       now->program, was->name, now->program);
	if (now->program == was->program)
		return LINK_SAME;
	return covey_error_set(ret_what, LINK_PROGRAM_OFF,
			       "somebody took covey's XDP program off interface %s", was->name);
}

enum link_change link_change_find(const struct link_state *was, const struct link_state *now,
				  const struct link_needs *needs, struct covey_error *ret_what)
{
	enum link_change change = find_identity(was, now, ret_what);

	if (change != LINK_SAME)
		return change;
	if (needs->mtu && now->mtu != was->mtu)
		return covey_error_set(ret_what, LINK_LOST,
				       "interface %s has an MTU of %u now, and had %u", was->name,
				       now->mtu, was->mtu);
	return needs->af_xdp ? find_af_xdp(was, now, ret_what) : LINK_SAME;
}

uint64_t repairs_wait(const struct repairs *repairs, uint64_t now_ms)
{
	uint64_t wait = 0;

	if (repairs->count == 0 || now_ms - repairs->last_ms >= REPAIR_QUIET_MS)
		return 0;
	wait = repairs->count > 6 ? REPAIR_WAIT_MAX_MS : REPAIR_WAIT_MIN_MS << (repairs->count - 1);
	if (wait > REPAIR_WAIT_MAX_MS)
		wait = REPAIR_WAIT_MAX_MS;
	return now_ms - repairs->last_ms >= wait ? 0 : repairs->last_ms + wait - now_ms;
}

void repairs_note(struct repairs *repairs, uint64_t now_ms)
{
	if (now_ms - repairs->last_ms >= REPAIR_QUIET_MS)
		repairs->count = 0;
	repairs->count++;
	repairs->last_ms = now_ms;
}
