/* SPDX-License-Identifier: BSD-3-Clause */

#include "health.h"

#include <clock.h>
#include <covey/addr.h>
#include <covey/error.h>
#include <dataplane.h>
#include <inttypes.h>
#include <inventory.h>
#include <stdio.h>

#include "guard_watch.h"
#include "host.h"
#include "member.h"

/* If the host port is a device, it may lead to another kernel than this one. */
static bool has_vtep(const struct host *host)
{
	return !host->has_address || host->self->host_port == HOST_PORT_DEVICE ||
	       host->has_address(&host->self->vtep);
}

/* A group that the host wants to be in. A refusal of the GKM is a problem, but not one of this
 * host. */
static bool is_wanted(const struct membership *group)
{
	return group && group->state != MEMBERSHIP_REFUSED &&
	       (group->state != MEMBERSHIP_LEAVING || group->rejoin);
}

static bool has_uplink(const struct host *host)
{
	return !host->guard || guard_watch_has_uplink(host->guard);
}

bool health_is_ready(const struct host *host)
{
	const struct member_state *state = member_read_state(host->member);
	bool any = false;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		if (!is_wanted(state->groups[i]))
			continue;
		if (!membership_active_sa(state->groups[i]))
			return false;
		any = true;
	}
	return any && host->ready && has_vtep(host) && has_uplink(host);
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

/* --- problems -------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void add(json_t *problems, const char *format, ...)
{
	struct covey_error error;
	va_list args;

	va_start(args, format);
	vsnprintf(error.text, sizeof(error.text), format, args);
	va_end(args);
	json_array_append_new(problems, json_string(error.text));
}

static void check_vtep(json_t *problems, const struct host *host)
{
	char address[COVEY_ADDR_STRLEN];

	if (has_vtep(host))
		return;
	covey_addr_format(&host->self->vtep, address);
	add(problems,
	    "no interface of this host has its VTEP address %s: nothing can be sent from it and "
	    "nothing is taken there: give it to %s, or correct covey_vtep in the inventory",
	    address, host->self->host_interface);
}

static void check_uplinks(json_t *problems, const struct host *host)
{
	if (has_uplink(host))
		return;
	if (host->self->uplink_count > 0)
		add(problems,
		    "none of the interfaces that covey_fabric_interface names is there with "
		    "an Ethernet header, so VXLAN does not leave: see `ip link`, or correct "
		    "the inventory");
	else
		add(problems, "no route leads to a covey_vtep of another host by an Ethernet "
			      "interface, so VXLAN does not leave: see `ip route get`, or name the "
			      "interface in covey_fabric_interface");
}

static void check_group(json_t *problems, const struct membership *group,
			const struct member_status *status, uint64_t now)
{
	const struct held_sa *active = membership_active_sa(group);
	bool away = status->link != MEMBER_CONNECTED;

	if (!active)
		add(problems, "group %s: there is no key to send with, so its VXLAN is dropped: %s",
		    group->name,
		    away ? "the key manager must come back first"
			 : "the key manager has given none yet");
	else if (away)
		add(problems,
		    "group %s: traffic goes on with the present key for %" PRIu64
		    " s more, and then stops: the key manager must be back before that",
		    group->name, active->expires_at > now ? (active->expires_at - now) / 1000 : 0);
	else if (group->state != MEMBERSHIP_JOINED)
		add(problems,
		    "group %s: the key manager has not let this host in again yet; traffic goes on "
		    "with the present key",
		    group->name);
}

static void check_groups(json_t *problems, const struct host *host)
{
	const struct member_state *state = member_read_state(host->member);
	struct member_status status;
	char address[COVEY_ADDR_STRLEN];
	uint64_t now = clock_ms();
	size_t wanted = 0;

	member_read_status(host->member, &status);
	if (status.link != MEMBER_CONNECTED)
		add(problems,
		    "the key manager at %s port %u cannot be reached: check whether covey-gkm runs "
		    "there, and the network to it",
		    covey_addr_format(&status.gkm_address, address), status.gkm_port);
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		if (!is_wanted(state->groups[i]))
			continue;
		check_group(problems, state->groups[i], &status, now);
		wanted++;
	}
	if (wanted == 0)
		add(problems, "this host is in no group, so all VXLAN is dropped: add it to "
			      "covey_groups, or `covey join GROUP`");
}

static void check_vnis(json_t *problems, const struct host *host)
{
	uint32_t vnis[HEALTH_VNIS_MAX];
	size_t count = dataplane_read_unknown_vnis(host->dataplane, vnis, HEALTH_VNIS_MAX);
	char device[IFNAMSIZ];

	for (size_t i = 0; i < count; i++) {
		bool found = host->vni_device &&
			     host->vni_device(vnis[i], host->inventory->vxlan_port, device);

		add(problems,
		    "VNI %" PRIu32 "%s%s is in no group that this host is in: what it sends is "
		    "dropped (out-unknown-vni): add the VNI to a group in covey_groups, or remove "
		    "the device",
		    vnis[i], found ? ", device " : "", found ? device : "");
	}
}

json_t *health_problems(const struct host *host)
{
	json_t *problems = json_array();

	if (!problems)
		return NULL;
	if (!host->ready)
		add(problems, "covey-host is starting: nothing passes yet");
	check_vtep(problems, host);
	check_uplinks(problems, host);
	check_groups(problems, host);
	check_vnis(problems, host);
	return problems;
}
