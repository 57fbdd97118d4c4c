/* SPDX-License-Identifier: BSD-3-Clause */

#include "show_uplinks.h"

#include "guard_watch.h"
#include "link.h"
#include "link_name.h"

static const char *state_name(const struct guard_status *guard, const struct link_info *link)
{
	if (guard->off || guard->hooks != GUARD_INGRESS_EGRESS)
		return "not guarded";
	if (!link->up)
		return "down";
	return link->running ? "guarded" : "no carrier";
}

static void add(json_t *array, const struct steer *steer, const char *name, bool by_default,
		const char *state, const struct link_info *link)
{
	json_array_append_new(array,
			      json_pack("{s:s, s:s, s:b, s:s, s:o}", "interface", name, "found_by",
					steer->wanted.by_routes ? "routes" : "inventory",
					"only_default", by_default, "state", state, "mtu",
					link ? json_integer(link->mtu) : json_null()));
}

static void add_found(json_t *array, const struct guard_status *guard)
{
	const struct steer *steer = guard->steer;

	for (size_t i = 0; i < steer->uplink_count; i++) {
		const struct uplink *uplink = &steer->uplinks[i];
		struct link_info link;

		if (link_get_index(uplink->index, &link, NULL))
			add(array, steer, uplink->name, uplink->by_default, "missing", NULL);
		else
			add(array, steer, uplink->name, uplink->by_default,
			    state_name(guard, &link), &link);
	}
	for (size_t i = 0; i < steer->left_out.count; i++) {
		const struct uplink *uplink = &steer->left_out.list[i];

		add(array, steer, uplink->name, uplink->by_default,
		    uplink->no_ethernet ? "left out: no Ethernet" : "left out", NULL);
	}
}

static void add_missing(json_t *array, const struct steer *steer)
{
	char own[IFNAMSIZ];

	for (size_t i = 0; i < steer->wanted.given_count; i++)
		if (link_name_resolve(steer->wanted.given[i], own))
			add(array, steer, steer->wanted.given[i], false, "missing", NULL);
}

json_t *show_uplinks(const struct guard_status *guard)
{
	json_t *array;

	if (!guard->steer)
		return json_null();
	array = json_array();
	add_found(array, guard);
	add_missing(array, guard->steer);
	return array;
}
