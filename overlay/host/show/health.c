/* SPDX-License-Identifier: BSD-3-Clause */

#include "health.h"

#include <inventory.h>

#include "guard_watch.h"
#include "host.h"
#include "member.h"
#include "vxlan_watch.h"

bool health_has_vtep(const struct host *host)
{
	/* If the host port is a device, it may lead to another kernel than this one. */
	return !host->has_address || host->self->host_port == HOST_PORT_DEVICE ||
	       host->has_address(&host->self->vtep);
}

bool health_wants(const struct membership *group)
{
	return group && group->state != MEMBERSHIP_REFUSED &&
	       (group->state != MEMBERSHIP_LEAVING || group->rejoin);
}

bool health_has_uplink(const struct host *host)
{
	return !host->guard || guard_watch_has_uplink(host->guard);
}

static bool is_guarded(const struct host *host)
{
	struct guard_status guard;

	if (!host->guard)
		return true;
	guard_watch_last(host->guard, &guard);
	return !guard.off && guard.failing[0] == '\0';
}

static bool serves_vxlan(const struct host *host)
{
	return !host->vxlans || !vxlan_watch_failing(host->vxlans);
}

bool health_is_ready(const struct host *host)
{
	const struct member_state *state = member_read_state(host->member);
	bool any = false;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		if (!health_wants(state->groups[i]))
			continue;
		if (!membership_active_sa(state->groups[i]))
			return false;
		any = true;
	}
	return any && host->ready && health_has_vtep(host) && health_has_uplink(host) &&
	       is_guarded(host) && serves_vxlan(host);
}

/* --- groups ---------------------------------------------------------------------------------- */

static json_int_t seconds_until(uint64_t then, uint64_t now)
{
	return then > now ? (json_int_t)((then - now) / 1000) : 0;
}

void health_show_group(json_t *object, const struct membership *group, uint64_t now)
{
	const struct held_sa *active = membership_active_sa(group);
	uint64_t receives = group->may_receive ? membership_receives_until(group) : 0;
	uint64_t sends = group->may_send && active ? active->expires_at : 0;

	json_object_set_new(object, "sends", json_boolean(sends));
	json_object_set_new(object, "sends_s",
			    sends ? json_integer(seconds_until(sends, now)) : json_null());
	json_object_set_new(object, "receives", json_boolean(receives));
	json_object_set_new(object, "receives_s",
			    receives ? json_integer(seconds_until(receives, now)) : json_null());
}
