/* SPDX-License-Identifier: BSD-3-Clause */

#include <clock.h>
#include <dataplane.h>
#include <metrics_common.h>
#include <stdlib.h>

#include "health.h"
#include "host.h"
#include "host_metrics.h"
#include "member.h"

#define SAS_MAX ((size_t)COVEY_GROUPS_PER_HOST_MAX * COVEY_SAS_PER_GROUP_MAX)

static const struct metrics_family states = {
	"covey_host_group_state", METRICS_GAUGE, NULL,
	"1 for the state in which this host is in a group, 0 for the others."};
static const struct metrics_family modes = {
	"covey_host_group_mode", METRICS_GAUGE, NULL,
	"1 for the mode of a group on this host, 0 for the others."};
static const struct metrics_family in_force = {
	"covey_host_group_mode_in_force", METRICS_GAUGE, NULL,
	"1 while guard and dataplane do what the group's mode says."};
static const struct metrics_family members = {
	"covey_host_group_members", METRICS_GAUGE, NULL,
	"Senders of a group, this host included, as the key manager has told them."};
static const struct metrics_family deaf = {
	"covey_host_group_deaf", METRICS_GAUGE, NULL,
	"1 if others send in a group and nothing of it arrives here, 0.5 if that may be."};
static const struct metrics_family sas = {"covey_host_group_sas", METRICS_GAUGE, NULL,
					  "SAs of a group that this host holds, by state."};
static const struct metrics_family packets = {
	"covey_host_group_packets", METRICS_COUNTER, NULL,
	"Packets that this host has sent and received encrypted in a group, under all its keys."};
static const struct metrics_family bytes = {"covey_host_group_bytes", METRICS_COUNTER, "bytes",
					    "IP bytes within these packets."};
static const struct metrics_family spi = {
	"covey_host_sa_spi", METRICS_GAUGE, NULL,
	"The SPI of the SA that this host sends on in a group, 0 for none."};
static const struct metrics_family age = {
	"covey_host_sa_age_seconds", METRICS_GAUGE, "seconds",
	"How long this host has had the SA that it sends on in a group."};
static const struct metrics_family remaining = {
	"covey_host_sa_remaining_seconds", METRICS_GAUGE, "seconds",
	"After how long that SA ends if it is not replaced."};
static const struct metrics_family used = {
	"covey_host_sa_limit_used_ratio", METRICS_GAUGE, "ratio",
	"How much of each of its limits that SA has used at this host."};
static const struct metrics_family switches = {
	"covey_host_rekey_duration_seconds", METRICS_HISTOGRAM, "seconds",
	"From an SA's arrival at this host to the word to send on it."};

/* A group, and what the dataplane has counted in it and in the SA that it sends on. */
struct row {
	const struct membership *group;
	struct dataplane_traffic sent, received;
	const struct held_sa *active;
	struct dataplane_sa_status status;
};

struct rows {
	struct row list[COVEY_GROUPS_PER_HOST_MAX];
	size_t count;
	uint64_t now_ms;
};

static void add_each(struct metrics_page *page, const struct rows *rows,
		     const struct metrics_family *family,
		     uint64_t (*value)(const struct row *row, uint64_t now_ms))
{
	metrics_begin(page, family);
	for (size_t i = 0; i < rows->count; i++)
		metrics_add(page, METRICS_LABELS({"group", rows->list[i].group->name}),
			    value(&rows->list[i], rows->now_ms));
}

/* --- one number of each group ---------------------------------------------------------------- */

static uint64_t is_in_force(const struct row *row, uint64_t now_ms)
{
	return member_mode_in_force(&row->group->mode);
}

static uint64_t count_members(const struct row *row, uint64_t now_ms)
{
	return row->group->senders.count;
}

static uint64_t spi_of(const struct row *row, uint64_t now_ms)
{
	return row->active ? row->active->spi : 0;
}

static uint64_t age_of(const struct row *row, uint64_t now_ms)
{
	return row->active ? (now_ms - row->active->installed_at) / 1000 : 0;
}

static uint64_t remaining_of(const struct row *row, uint64_t now_ms)
{
	return row->active && row->active->expires_at > now_ms
		       ? (row->active->expires_at - now_ms) / 1000
		       : 0;
}

/* --- several numbers of each group ----------------------------------------------------------- */

static void add_states(struct metrics_page *page, const struct rows *rows)
{
	static const char *const words[] = {"joining", "joined", "cut off", "refused", "leaving"};

	metrics_begin(page, &states);
	for (size_t i = 0; i < rows->count; i++)
		metrics_add_states(page, rows->list[i].group->name, "state", words, 5,
				   membership_state_name(rows->list[i].group));
}

static void add_modes(struct metrics_page *page, const struct rows *rows)
{
	static const char *const words[] = {"observe", "transition", "enforce"};

	metrics_begin(page, &modes);
	for (size_t i = 0; i < rows->count; i++)
		metrics_add_states(page, rows->list[i].group->name, "mode", words, 3,
				   covey_mode_name(rows->list[i].group->mode.mode));
}

static void add_deaf(struct metrics_page *page, const struct rows *rows)
{
	metrics_begin(page, &deaf);
	for (size_t i = 0; i < rows->count; i++) {
		const struct membership *group = rows->list[i].group;

		metrics_add_real(page, METRICS_LABELS({"group", group->name}),
				 group->deaf           ? 1
				 : group->perhaps_deaf ? 0.5
						       : 0);
	}
}

static void add_sas(struct metrics_page *page, const struct rows *rows)
{
	metrics_begin(page, &sas);
	for (size_t i = 0; i < rows->count; i++) {
		const struct membership *group = rows->list[i].group;

		for (int state = COVEY_SA_INSTALLED; state <= COVEY_SA_DRAINING; state++) {
			uint64_t count = 0;

			for (size_t j = 0; j < group->sa_count; j++)
				count += (int)group->sas[j].state == state;
			metrics_add(page,
				    METRICS_LABELS({"group", group->name},
						   {"state", covey_sa_state_name(
								     (enum covey_sa_state)state)}),
				    count);
		}
	}
}

static void add_both(struct metrics_page *page, const struct row *row, uint64_t out, uint64_t in)
{
	metrics_add(page, METRICS_LABELS({"group", row->group->name}, {"direction", "out"}), out);
	metrics_add(page, METRICS_LABELS({"group", row->group->name}, {"direction", "in"}), in);
}

static void add_traffic(struct metrics_page *page, const struct rows *rows)
{
	const struct row *row, *end = rows->list + rows->count;

	metrics_begin(page, &packets);
	for (row = rows->list; row < end; row++)
		add_both(page, row, row->sent.packets, row->received.packets);
	metrics_begin(page, &bytes);
	for (row = rows->list; row < end; row++)
		add_both(page, row, row->sent.bytes, row->received.bytes);
}

static void add_limit(struct metrics_page *page, const struct row *row, const char *limit,
		      uint64_t part, uint64_t whole)
{
	metrics_add_ratio(page, METRICS_LABELS({"group", row->group->name}, {"limit", limit}), part,
			  whole);
}

static void add_use(struct metrics_page *page, const struct rows *rows)
{
	metrics_begin(page, &used);
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->list[i];
		uint64_t had = age_of(row, rows->now_ms);

		if (!row->active)
			continue;
		add_limit(page, row, "packets", row->status.packets_sent, COVEY_PACKETS_HARD);
		add_limit(page, row, "icv-failures", row->status.icv_failures,
			  COVEY_ICV_FAILURES_MAX);
		add_limit(page, row, "windows", row->status.windows,
			  COVEY_REPLAY_WINDOWS_PER_SA_MAX);
		add_limit(page, row, "lifetime", had, had + remaining_of(row, rows->now_ms));
	}
}

static void add_switches(struct metrics_page *page, const struct rows *rows)
{
	metrics_begin(page, &switches);
	for (size_t i = 0; i < rows->count; i++)
		metrics_add_durations(page, METRICS_LABELS({"group", rows->list[i].group->name}),
				      &rows->list[i].group->switches);
}

/* --- all ------------------------------------------------------------------------------------- */

static void read_status(struct row *row, const struct dataplane_sa_status *statuses, size_t count)
{
	for (size_t i = 0; row->active && i < count; i++)
		if (statuses[i].spi == row->active->spi)
			row->status = statuses[i];
}

static void read_traffic(struct row *row, const struct dataplane *dataplane)
{
	struct dataplane_group_counters counters;

	dataplane_read_group(dataplane, row->group->index, &counters);
	row->received = counters.received;
	for (size_t i = 0; i < COVEY_CLASSES; i++) {
		row->sent.packets += counters.sent[i].packets;
		row->sent.bytes += counters.sent[i].bytes;
	}
}

static void find_rows(const struct host *host, const struct dataplane_sa_status *statuses,
		      size_t count, struct rows *ret_rows)
{
	const struct member_state *state = member_read_state(host->member);

	ret_rows->count = 0;
	ret_rows->now_ms = clock_ms();
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct membership *group = state->groups[i];
		struct row *row = &ret_rows->list[ret_rows->count];

		if (!group || (group->state == MEMBERSHIP_LEAVING && !group->rejoin))
			continue;
		*row = (struct row){.group = group, .active = membership_active_sa(group)};
		read_status(row, statuses, count);
		read_traffic(row, host->dataplane);
		ret_rows->count++;
	}
}

void host_metrics_groups(struct metrics_page *page, const struct host *host)
{
	struct dataplane_sa_status *statuses = calloc(SAS_MAX, sizeof(*statuses));
	struct rows *rows = calloc(1, sizeof(*rows));
	size_t count;

	if (!statuses || !rows) {
		page->failed = true;
		goto out;
	}
	count = dataplane_read_sas(host->dataplane, statuses, SAS_MAX);
	find_rows(host, statuses, count < SAS_MAX ? count : SAS_MAX, rows);
	add_states(page, rows);
	add_modes(page, rows);
	add_each(page, rows, &in_force, is_in_force);
	add_each(page, rows, &members, count_members);
	add_deaf(page, rows);
	add_sas(page, rows);
	add_traffic(page, rows);
	add_each(page, rows, &spi, spi_of);
	add_each(page, rows, &age, age_of);
	add_each(page, rows, &remaining, remaining_of);
	add_use(page, rows);
	add_switches(page, rows);
out:
	free(rows);
	free(statuses);
}
