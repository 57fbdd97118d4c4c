/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "clock.h"
#include "gkm_metrics.h"
#include "manager.h"
#include "metrics_common.h"
#include "show.h"

static const struct metrics_family members = {"covey_gkm_group_members", METRICS_GAUGE, NULL,
					      "Hosts that may be in a group, by whether they are: "
					      "connected; away, so they may still send; "
					      "absent; evicted."};
static const struct metrics_family behind = {
	"covey_gkm_group_members_behind", METRICS_GAUGE, NULL,
	"Connected members that may send in a group and were not told yet to do so on its active "
	"SA."};
static const struct metrics_family deaf = {
	"covey_gkm_group_members_deaf", METRICS_GAUGE, NULL,
	"Members to which nothing comes of what the others of a group report to have sent."};
static const struct metrics_family late = {
	"covey_gkm_group_members_mode_late", METRICS_GAUGE, NULL,
	"Connected members that have not said yet that a group's present mode is in force."};
static const struct metrics_family impostors = {
	"covey_gkm_own_sender_packets", METRICS_COUNTER, NULL,
	"Packets with a member's own SenderID that came to it from elsewhere, as members report."};
static const struct metrics_family modes = {
	"covey_gkm_group_mode", METRICS_GAUGE, NULL,
	"1 for the mode that members of a group are told, 0 for the others."};
static const struct metrics_family undone = {
	"covey_gkm_group_mode_ends_seconds", METRICS_GAUGE, "seconds",
	"After how long a group's mode ends by itself; only for groups whose mode does."};
static const struct metrics_family sas = {"covey_gkm_group_sas", METRICS_GAUGE, NULL,
					  "SAs of a group, by state."};
static const struct metrics_family spi = {"covey_gkm_sa_spi", METRICS_GAUGE, NULL,
					  "The SPI of a group's active SA, 0 for none."};
static const struct metrics_family age = {"covey_gkm_sa_age_seconds", METRICS_GAUGE, "seconds",
					  "The age of a group's active SA."};
static const struct metrics_family remaining = {
	"covey_gkm_sa_remaining_seconds", METRICS_GAUGE, "seconds",
	"After how long that SA ends if it is not replaced."};
static const struct metrics_family interval = {
	"covey_gkm_rekey_interval_seconds", METRICS_GAUGE, "seconds",
	"How often a group gets a new SA, by the inventory."};
static const struct metrics_family used = {
	"covey_gkm_sa_limit_used_ratio", METRICS_GAUGE, "ratio",
	"How much of the packets and failed ICVs after which an SA is replaced the active one has "
	"used, as members report."};
static const struct metrics_family rekeys = {
	"covey_gkm_rekey_duration_seconds", METRICS_HISTOGRAM, "seconds",
	"From the making of an SA to the moment at which it becomes active."};

/* Groups that were removed from the inventory stay in the list. */
#define realm_for_each(realm, manager)                                                             \
	for (const struct realm *realm = (manager)->realms;                                        \
	     realm < (manager)->realms + (manager)->realm_count; realm++)                          \
		if (!realm->served.config->gone)

/* --- one number of each group ---------------------------------------------------------------- */

static void add_each(struct metrics_page *page, const struct manager *manager,
		     const struct metrics_family *family,
		     uint64_t (*value)(const struct realm *realm, uint64_t now_ms))
{
	uint64_t now_ms = clock_ms();

	metrics_begin(page, family);
	realm_for_each(realm, manager)
		metrics_add(page, METRICS_LABELS({"group", realm->served.config->name}),
			    value(realm, now_ms));
}

static uint64_t count_behind(const struct realm *realm, uint64_t now_ms)
{
	const struct group *group = realm->served.group;
	const struct sa *active = group_active_sa(group);
	uint64_t count = 0;

	for (size_t i = 0; i < group->seats; i++)
		count += group->members[i].session && group->members[i].may_send &&
			 !(active && active->members[i] == SA_MEMBER_ACTIVE);
	return count;
}

static uint64_t count_deaf(const struct realm *realm, uint64_t now_ms)
{
	const struct group *group = realm->served.group;
	uint64_t count = 0;

	for (size_t i = 0; i < group->seats; i++)
		count += group->members[i].hearing.deaf;
	return count;
}

static uint64_t count_late(const struct realm *realm, uint64_t now_ms)
{
	const struct group *group = realm->served.group;
	uint64_t count = 0;

	for (size_t i = 0; i < group->seats; i++)
		count += group->members[i].session && mode_awaits(group, i);
	return count;
}

static uint64_t count_impostors(const struct realm *realm, uint64_t now_ms)
{
	uint64_t count = 0;

	for (size_t i = 0; i < realm->served.group->seats; i++)
		count += realm->served.group->members[i].own_sender;
	return count;
}

static uint64_t spi_of(const struct realm *realm, uint64_t now_ms)
{
	const struct sa *active = group_active_sa(realm->served.group);

	return active ? active->spi : 0;
}

static uint64_t age_of(const struct realm *realm, uint64_t now_ms)
{
	const struct sa *active = group_active_sa(realm->served.group);

	return active ? (now_ms - active->begin_ms) / 1000 : 0;
}

static uint64_t remaining_of(const struct realm *realm, uint64_t now_ms)
{
	const struct sa *active = group_active_sa(realm->served.group);

	return active && active->expires_ms > now_ms ? (active->expires_ms - now_ms) / 1000 : 0;
}

static uint64_t interval_of(const struct realm *realm, uint64_t now_ms)
{
	return realm->served.config->rekey.interval_s;
}

/* --- several numbers of each group ----------------------------------------------------------- */

static void add_members(struct metrics_page *page, const struct manager *manager)
{
	static const char *const words[] = {"connected", "away", "absent", "evicted"};

	metrics_begin(page, &members);
	realm_for_each(realm, manager) {
		uint64_t counts[4] = {0};

		for (size_t j = 0; j < realm->served.group->seats; j++)
			for (size_t k = 0; k < 4; k++)
				counts[k] +=
					!realm->served.config->members[j].gone &&
					strcmp(words[k],
					       show_presence(&realm->served.group->members[j])) ==
						0;
		for (size_t k = 0; k < 4; k++)
			metrics_add(page,
				    METRICS_LABELS({"group", realm->served.config->name},
						   {"state", words[k]}),
				    counts[k]);
	}
}

static void add_modes(struct metrics_page *page, const struct manager *manager)
{
	static const char *const words[] = {"observe", "transition", "enforce"};
	uint64_t now_ms = clock_ms();

	metrics_begin(page, &modes);
	realm_for_each(realm, manager)
		metrics_add_states(page, realm->served.config->name, "mode", words, 3,
				   covey_mode_name(realm->served.group->mode.now.mode));
	metrics_begin(page, &undone);
	realm_for_each(realm, manager) {
		const struct group_mode *mode = &realm->served.group->mode;

		if (mode->now.then)
			metrics_add(page, METRICS_LABELS({"group", realm->served.config->name}),
				    mode->deadline_ms > now_ms ? (mode->deadline_ms - now_ms) / 1000
							       : 0);
	}
}

static void add_sas(struct metrics_page *page, const struct manager *manager)
{
	metrics_begin(page, &sas);
	realm_for_each(realm, manager) {
		const struct group *group = realm->served.group;

		for (int state = SA_INSTALLING; state <= SA_DRAINING; state++) {
			uint64_t count = 0;

			for (size_t j = 0; j < group->sa_count; j++)
				count += (int)group->sas[j]->state == state;
			metrics_add(page,
				    METRICS_LABELS({"group", realm->served.config->name},
						   {"state", sa_state_name((enum sa_state)state)}),
				    count);
		}
	}
}

static void add_use(struct metrics_page *page, const struct manager *manager)
{
	metrics_begin(page, &used);
	realm_for_each(realm, manager) {
		const struct group *group = realm->served.group;
		const char *name = realm->served.config->name;
		const struct sa *active = group_active_sa(group);

		if (!active)
			continue;
		metrics_add_ratio(page, METRICS_LABELS({"group", name}, {"limit", "packets"}),
				  usage_of_key(group, active), group->limits.packets_soft);
		metrics_add_ratio(page, METRICS_LABELS({"group", name}, {"limit", "icv-failures"}),
				  active->failures, group->limits.icv_failures_max);
	}
}

void gkm_metrics_groups(struct metrics_page *page, const struct manager *manager)
{
	add_members(page, manager);
	add_each(page, manager, &behind, count_behind);
	add_each(page, manager, &deaf, count_deaf);
	add_each(page, manager, &late, count_late);
	add_each(page, manager, &impostors, count_impostors);
	add_modes(page, manager);
	add_sas(page, manager);
	add_each(page, manager, &spi, spi_of);
	add_each(page, manager, &age, age_of);
	add_each(page, manager, &remaining, remaining_of);
	add_each(page, manager, &interval, interval_of);
	add_use(page, manager);
	metrics_begin(page, &rekeys);
	realm_for_each(realm, manager)
		metrics_add_durations(page, METRICS_LABELS({"group", realm->served.config->name}),
				      &realm->outbox.rekeys);
}
