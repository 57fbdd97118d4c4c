/* SPDX-License-Identifier: BSD-3-Clause */

#include "show_guard.h"

#include <stdlib.h>
#include <string.h>

#include "bridge_mtu.h"
#include "foreign_vxlan.h"
#include "guard_nft.h"
#include "guard_text.h"
#include "guard_watch.h"
#include "show_uplinks.h"
#include "steer.h"
#include "vxlan_watch.h"

/* More of them are the same mistake again. */
#define TOO_LARGE_MAX 64

static const char *state_name(const struct guard_status *status)
{
	if (status->off)
		return "off";
	if (status->failing[0] != '\0')
		return "failing";
	if (!status->present)
		return "waiting";
	if (status->weaker[0] != '\0')
		return "weaker";
	return status->steer && status->steer->uplink_count == 0 ? "no-uplink" : "verified";
}

/* Where the kernel calls the guard: "inet prerouting", "netdev egress". */
static json_t *show_hooks(const char *listing)
{
	struct guard_reader reader = guard_read_text(listing);
	struct guard_line line;
	json_t *array = json_array();

	while (guard_read_line(&reader, &line)) {
		if (line.kind == GUARD_LINE_HOOK)
			json_array_append_new(array,
					      json_sprintf("%s %s", line.family, line.chain));
	}
	return array;
}

static json_t *show_rules(const char *listing)
{
	struct guard_reader reader = guard_read_text(listing);
	struct guard_line line;
	json_t *array = json_array();

	while (guard_read_line(&reader, &line)) {
		if (line.kind == GUARD_LINE_RULE && line.counts && line.drops)
			json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:I}", "family",
							       line.family, "chain", line.chain,
							       "rule", line.what, "packets",
							       (json_int_t)line.packets));
	}
	return array;
}

/* False: there is no such rule. */
static bool add_packets(const char *listing, const char *comment, uint64_t *packets)
{
	struct guard_reader reader = guard_read_text(listing);
	struct guard_line line;

	while (guard_read_line(&reader, &line)) {
		if (line.kind == GUARD_LINE_RULE && strcmp(line.what, comment) == 0) {
			*packets += line.packets;
			return true;
		}
	}
	return false;
}

/* What it has forwarded to the host interface, with what the process's own table has; null: neither
 * has such a rule. */
static json_t *show_forwarded(const char *listing, const char *own)
{
	uint64_t packets = 0;
	bool here = add_packets(listing, STEER_FORWARDED, &packets);
	bool there = add_packets(own, STEER_FORWARDED, &packets);

	return here || there ? json_integer((json_int_t)packets) : json_null();
}

static json_t *show_vnis(const struct guard_vnis *vnis)
{
	json_t *array = json_array();

	for (size_t i = 0; i < vnis->count; i++)
		json_array_append_new(array, json_integer((json_int_t)vnis->list[i]));
	return array;
}

/* The VNIs that pass in clear; null: this guard lets none pass. */
static json_t *show_clear_vnis(const struct guard_status *status, const char *listing)
{
	uint64_t other_way = 0;

	if (!status->clear || status->clear->accepted.count == 0)
		return json_null();
	add_packets(listing, STEER_OTHER_WAY, &other_way);
	return json_pack("{s:o, s:o, s:I}", "accepted", show_vnis(&status->clear->accepted),
			 "steered", show_vnis(&status->clear->steered), "other_way",
			 (json_int_t)other_way);
}

static json_t *show_last(const struct guard_status *status)
{
	if (status->restored == 0)
		return json_null();
	return json_pack("{s:s, s:I}", "by", status->last, "ago_s",
			 (json_int_t)(status->last_ago_ms / 1000));
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

json_t *show_guard(struct guard_watch *watch)
{
	struct guard_status status;
	char *listing = NULL, *own = NULL;
	json_t *object;

	if (!watch)
		return json_pack("{s:s}", "state", "none");
	guard_watch_read(watch, &status);
	if (guard_nft_list(status.interface, true, &listing, NULL))
		listing = NULL;
	if (guard_watch_list_own(watch, &own, NULL))
		own = NULL;
	object = json_pack(
		"{s:s, s:s, s:o, s:s?, s:s?, s:I, s:o, s:o, s:o, s:o, s:o}", "state",
		state_name(&status), "interface", status.interface, "hooks",
		show_hooks(listing ? listing : ""), "weaker", or_null(status.weaker), "failing",
		or_null(status.failing), "restored", (json_int_t)status.restored, "last_changed",
		show_last(&status), "drops", show_rules(listing ? listing : ""), "forwarded",
		show_forwarded(listing ? listing : "", own ? own : ""), "clear",
		show_clear_vnis(&status, listing ? listing : ""), "uplinks", show_uplinks(&status));
	free(listing);
	free(own);
	return object;
}

json_t *show_foreign(struct foreign_vxlan_watch *watch, const struct guard_watch *guard,
		     bool passes)
{
	const struct foreign_vxlan *list;
	json_t *array = json_array();
	size_t count;

	if (!watch)
		return array;
	foreign_vxlan_look(watch);
	list = foreign_vxlan_list(watch, &count);
	for (size_t i = 0; i < count; i++) {
		bool dropped =
			guard && !list[i].unguarded && guard_watch_drops(guard, list[i].port);

		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:i, s:s?, s:b, s:b, s:b}", "kind",
						vxlan_device_kind_name(list[i].kind), "device",
						list[i].name, "port", (int)list[i].port, "over",
						or_null(list[i].over), "dropped", dropped,
						"unguarded", list[i].unguarded, "passes", passes));
	}
	return array;
}

json_t *show_too_large(const struct vxlan_watch *watch)
{
	struct vxlan_excess list[TOO_LARGE_MAX];
	size_t count = watch ? vxlan_watch_read(watch, list, TOO_LARGE_MAX) : 0;
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:I, s:I, s:I}", "device", list[i].name,
						"mtu", (json_int_t)list[i].has, "fits",
						(json_int_t)list[i].mtu.fits, "uplinks_lack",
						(json_int_t)list[i].mtu.more));
	return array;
}

json_t *show_bridges(const struct vxlan_watch *watch)
{
	const struct bridge_excess *list;
	size_t count = watch ? vxlan_watch_bridges(watch, &list) : 0;
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:s, s:b, s:I, s:I, s:s}", "interface",
						       list[i].name, "bridge", list[i].bridge,
						       "mtu", (json_int_t)list[i].has, "fits",
						       (json_int_t)list[i].fits, "vxlan_device",
						       list[i].device));
	return array;
}
