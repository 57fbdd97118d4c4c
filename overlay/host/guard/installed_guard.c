/* SPDX-License-Identifier: BSD-3-Clause */

#include "installed_guard.h"

#include <log.h>
#include <peer_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link_name.h"

/* Logged once for each new state. */
static void log_weakness(const struct installed_guard *guard, const char *before)
{
	const char *now = guard->standing.weaker.text;

	if (now[0] != '\0' && strcmp(now, before) != 0)
		log_warning("guard: %s", now);
	else if (now[0] == '\0' && before[0] != '\0')
		log_notice("guard: all hooks of %s are bound", guard->interface);
}

/* Find the interface's name of now: it may have been renamed, or have come under one of its
 * alternative names. */
static int find_interface(struct installed_guard *guard, struct covey_error *error)
{
	char own[IFNAMSIZ];
	int status = link_name_find(guard->given, own, error);

	if (status)
		return status;
	if (guard->interface[0] != '\0' && strcmp(own, guard->interface) != 0)
		guard_down(guard->interface, NULL);
	snprintf(guard->interface, sizeof(guard->interface), "%s", own);
	guard->wanted.interface = guard->interface;
	return 0;
}

/* Their names, each behind a space. */
#define NAMES_SIZE (COVEY_UPLINKS_MAX * (IFNAMSIZ + 1))

static const char *write_names(const struct uplink *uplinks, size_t count, bool no_ethernet,
			       char *ret_text)
{
	ret_text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (uplinks[i].no_ethernet != no_ethernet)
			continue;
		strcat(ret_text, " ");
		strcat(ret_text, uplinks[i].name);
	}
	return ret_text;
}

static void log_left_out(const struct installed_guard *guard, const struct uplinks_left_out *left)
{
	char text[NAMES_SIZE];

	if (write_names(left->list, left->count, true, text)[0] != '\0')
		peer_log_line(guard->log, LOG_LEVEL_WARNING, "",
			      "VXLAN does not leave by%s: covey takes VXLAN only from interfaces "
			      "whose frames have an Ethernet header, which a tunnel of IP packets "
			      "(wireguard, ipip, tun) has not. Lead the routes to the other hosts' "
			      "VTEPs through an Ethernet interface",
			      text);
	if (write_names(left->list, left->count, false, text)[0] != '\0')
		peer_log_line(guard->log, LOG_LEVEL_WARNING, "",
			      "the routes to the other hosts lead through more than %d interfaces. "
			      "VXLAN does not leave by%s%s: name in covey_fabric_interface those "
			      "that it may leave by, or join some to a bond",
			      COVEY_UPLINKS_MAX, text, left->more ? " and others" : "");
}

/* Found by the routes, they are nowhere else to be read. */
static void log_uplinks(const struct installed_guard *guard, const struct steer *now)
{
	const struct uplink *tap;
	char text[NAMES_SIZE];

	if (steer_same_uplinks(&guard->standing.steer, now))
		return;
	write_names(now->uplinks, now->uplink_count, false, text);
	if (now->wanted.by_routes)
		peer_log_line(guard->log, LOG_LEVEL_NOTICE, "",
			      "the routes to the other hosts lead through:%s",
			      now->uplink_count ? text : " no interface, so VXLAN does not leave");
	log_left_out(guard, &now->left_out);
	tap = uplinks_find_tap(&now->wanted, now->uplinks, now->uplink_count);
	if (tap)
		peer_log_line(guard->log, LOG_LEVEL_WARNING, "", UPLINK_TAP, tap->name, tap->name);
}

int installed_guard_put_up(struct installed_guard *guard, struct covey_error *error)
{
	struct covey_error before = guard->standing.weaker;
	struct guard_standing standing;
	int status;

	status = find_interface(guard, error);
	if (status)
		return status;
	status = guard_up(&guard->wanted, &guard->own, &standing, error);
	if (status)
		return status;
	log_uplinks(guard, &standing.steer);
	guard_standing_free(&guard->standing);
	guard->standing = standing;
	guard->off = false;
	log_weakness(guard, before.text);
	return 0;
}

bool installed_guard_has_moved(const struct installed_guard *guard)
{
	char own[IFNAMSIZ];

	if (link_name_resolve(guard->given, own))
		return guard->standing.index != 0 ||
		       !guard_is_bound(&guard->wanted, &guard->standing);
	return strcmp(own, guard->interface) != 0 ||
	       !guard_is_bound(&guard->wanted, &guard->standing);
}

void installed_guard_take_clear(struct installed_guard *guard, struct guard_clear *clear)
{
	guard_clear_free(&guard->clear);
	guard->clear = *clear;
	guard->wanted.steer.clear = *clear;
	*clear = (struct guard_clear){0};
}

int installed_guard_steer_more(struct installed_guard *guard, const struct guard_clear *clear,
			       struct covey_error *error)
{
	struct guard_config now = guard->wanted;
	struct guard_vnis both;
	int status = 0;

	if (!guard->own.nft || guard->standing.hooks != GUARD_INGRESS_EGRESS)
		return 0;
	if (guard_clear_join(&guard->clear.steered, &clear->steered, &both))
		return covey_error_set(error, -ENOMEM, "out of memory");
	now.steer = guard->standing.steer;
	now.steer.hooked = true;
	now.steer.clear = (struct guard_clear){guard->clear.accepted, both};
	if (both.count > guard->clear.steered.count)
		status = steer_own_set(&guard->own, &now, NULL, error);
	free(both.list);
	return status;
}

void installed_guard_end(struct installed_guard *guard)
{
	steer_own_end(&guard->own);
	guard_clear_free(&guard->clear);
	guard_standing_free(&guard->standing);
}
