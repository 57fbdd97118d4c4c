/* SPDX-License-Identifier: BSD-3-Clause */
#include "show.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "floor_reports.h"
#include "inventory_watch.h"
#include "manager.h"
#include "mode_show.h"
#include "own_json.h"
#include "peers.h"
#include "problems.h"
#include "revoked_hosts.h"
#include "usage.h"

static json_int_t seconds_until(uint64_t then_ms, uint64_t now_ms)
{
	return then_ms > now_ms ? (json_int_t)((then_ms - now_ms) / 1000) : 0;
}

/* When the SA's present state ends: its drain, or its lifetime. */
static uint64_t end_of(const struct sa *sa)
{
	return sa->state == SA_DRAINING && sa->drain_by_ms < sa->expires_ms ? sa->drain_by_ms
									    : sa->expires_ms;
}

static json_t *show_sa(const struct sa *sa, const struct group *group, uint64_t now_ms)
{
	json_int_t acked = 0, sending = 0, packets = 0;

	for (size_t i = 0; i < sa->seats; i++) {
		acked += group->members[i].session && sa_was_acked(sa, i);
		sending += group->members[i].session && sa->members[i] == SA_MEMBER_ACTIVE;
		packets += (json_int_t)sa->usages[i].packets;
	}
	return json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "spi",
			 (json_int_t)sa->spi, "state", sa_state_name(sa->state), "acked", acked,
			 "sending", sending, "age_s", (json_int_t)((now_ms - sa->begin_ms) / 1000),
			 "ends_s", seconds_until(end_of(sa), now_ms), "packets", packets,
			 "packets_used", (json_int_t)usage_of_key(group, sa), "packets_max",
			 (json_int_t)group->limits.packets_soft, "icv_failures",
			 (json_int_t)sa->failures, "icv_failures_max",
			 (json_int_t)group->limits.icv_failures_max, "windows",
			 (json_int_t)floor_reports_count(sa));
}

static json_t *show_sas(const struct group *group, uint64_t now_ms)
{
	json_t *array = json_array();

	for (size_t i = 0; i < group->sa_count; i++)
		if (sa_is_live(group->sas[i]))
			json_array_append_new(array, show_sa(group->sas[i], group, now_ms));
	return array;
}

const char *show_presence(const struct member *member)
{
	if (member->evicted)
		return "evicted";
	if (member->session)
		return "connected";
	if (member->sends_from_spi || member->restored)
		return "away";
	return "absent";
}

/* The SA that the member was told to send on; 0 for none. */
static uint32_t sends_on(const struct group *group, size_t seat)
{
	uint32_t spi = 0;

	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->members[seat] == SA_MEMBER_ACTIVE)
			spi = group->sas[i]->spi;
	return spi;
}

static json_t *show_member(const struct group *group, size_t seat)
{
	const struct member *member = &group->members[seat];
	char vtep[COVEY_ADDR_STRLEN];

	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:b, s:I, s:I, s:b, s:b, s:o}", "identity",
			 member->identity, "vtep", covey_addr_format(&member->vtep, vtep), "state",
			 show_presence(member), "sender_id", (int)member->sender_id, "epoch",
			 (int)member->epoch, "may_send", member->may_send, "spi",
			 (json_int_t)sends_on(group, seat), "own_sender",
			 (json_int_t)member->own_sender, "deaf", member->hearing.deaf,
			 "perhaps_deaf", member->hearing.perhaps, "mode",
			 mode_show_member(group, seat));
}

static json_t *show_members(const struct realm *realm)
{
	const struct group *group = realm->served.group;
	json_t *array = json_array();

	for (size_t i = 0; i < group->seats; i++)
		if (!realm->served.config->members[i].gone)
			json_array_append_new(array, show_member(group, i));
	return array;
}

static json_t *show_group(const struct realm *realm, uint64_t now_ms)
{
	const struct group *group = realm->served.group;
	uint64_t rekey_ms = rekey_deadline(group);

	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o}", "name", realm->served.config->name,
			 "connected", (json_int_t)group_live_members(group), "rekey_s",
			 rekey_ms == UINT64_MAX ? json_null()
						: json_integer(seconds_until(rekey_ms, now_ms)),
			 "sas", show_sas(group, now_ms), "members", show_members(realm), "mode",
			 mode_show(realm, now_ms));
}

static json_t *show_groups(const struct manager *manager)
{
	uint64_t now_ms = clock_ms();
	json_t *array = json_array();

	for (size_t i = 0; i < manager->realm_count; i++)
		if (!manager->realms[i].served.config->gone)
			json_array_append_new(array, show_group(&manager->realms[i], now_ms));
	return array;
}

/* What members know about the state file that the file itself does not say. */
static json_t *show_state_file(const struct manager *manager)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "next_spi", (json_int_t)manager->store->next_spi,
			 "behind", (json_int_t)manager->sessions.serial.behind, "skipped",
			 (json_int_t)manager->sessions.serial.skipped, "absurd",
			 (json_int_t)manager->sessions.serial.absurd);
}

json_t *show_manager(const struct manager *manager)
{
	const struct inventory *inventory = manager->inventory;
	char address[COVEY_ADDR_STRLEN], instance[17];
	json_t *answer, *more;

	snprintf(instance, sizeof(instance), "%016" PRIx64, manager->sessions.instance);
	answer = json_pack("{s:b, s:s, s:s, s:s, s:i, s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "ok", 1,
			   "daemon", "covey-gkm", "fabric", inventory->fabric, "address",
			   covey_addr_format(&manager->address, address), "port",
			   (int)inventory->gkm_port, "instance", instance, "sessions",
			   (json_int_t)manager->sessions.count, "certificates",
			   own_json(manager->own), "certificates_problem",
			   own_json_problem(manager->own), "revocations",
			   revoked_hosts_show(manager->revoked_hosts), "state_file",
			   show_state_file(manager), "groups", show_groups(manager));
	if (manager->peers)
		json_object_set_new(answer, "leader", peers_show(manager->peers));
	json_object_set_new(answer, "problems", problems_list(answer));
	more = inventory_watch_problems(manager->watch);
	json_array_extend(json_object_get(answer, "problems"), more);
	json_decref(more);
	return answer;
}
