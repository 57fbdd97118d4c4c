/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_listen.h"

#include <inventory.h>
#include <uplinks.h>

static struct probe_filter filter_of(const struct probe_run *run, bool uplink)
{
	struct probe_filter filter = {
		.wire = &run->wire,
		.tags = run->tags,
		.tag_count = 2 * run->length_count,
		.lengths = run->lengths,
		.length_count = uplink ? run->length_count : 0,
		.from = {run->config.self->vtep,
			 run->multicast ? (struct covey_addr){{0}, 0} : run->in.peer},
	};

	if (run->multicast && run->role != COVEY__PROBE_ROLE__PROBE_ROLE_SEND)
		filter.from[0] = run->in.peer;
	return filter;
}

/* Other VXLAN in clear alone. */
static struct probe_filter clear_filter_of(const struct probe_run *run)
{
	return (struct probe_filter){
		.wire = &run->wire,
		.tags = run->tags,
		.lengths = run->lengths,
		.from = {run->config.self->vtep, {{0}, 0}},
		.clear = run->ranges,
		.clear_count = run->range_count,
	};
}

static int open_tap(struct probe_run *run, const char *interface, bool uplink,
		    const struct probe_filter *filter, unsigned hits_max, probe_seen *seen,
		    struct covey_error *error)
{
	struct probe_tap *tap = &run->taps[run->tap_count];
	int status;

	*tap = (struct probe_tap){.uplink = uplink, .hits_max = hits_max, .seen = seen, .arg = run};
	status = probe_tap_open(tap, run->config.base, interface, filter, error);
	run->tap_count += status == 0;
	return status;
}

static int open_probe_tap(struct probe_run *run, const char *interface, bool uplink,
			  probe_seen *seen, struct covey_error *error)
{
	const struct probe_filter filter = filter_of(run, uplink);

	return open_tap(run, interface, uplink, &filter, COVEY_PROBE_HITS_MAX, seen, error);
}

/* Without it the run goes on, and the report says that nobody has looked. */
static void open_clear_tap(struct probe_run *run, const char *interface, probe_seen *seen)
{
	const struct probe_filter filter = clear_filter_of(run);
	struct covey_error error;

	if (open_tap(run, interface, true, &filter, COVEY_PROBE_CLEAR_HITS_MAX, seen, &error) < 0)
		run->looked = false;
}

static void find_ranges(struct probe_run *run)
{
	const struct inventory_group *group =
		inventory_find_group(run->config.inventory, run->group);

	run->range_count = run->look && group
				   ? probe_filter_ranges(group->vnis, group->vni_count, run->ranges)
				   : 0;
	run->exact =
		group && probe_filter_is_exact(run->ranges, run->range_count, group->vni_count);
	run->flooded = false;
	run->looked = run->range_count > 0 && !run->config.blind;
}

/* Without a witness probes run all the same, and the report says what cannot be seen. */
static void open_witness(struct probe_run *run, probe_seen *seen)
{
	struct probe_filter filter = filter_of(run, true);

	run->unseen.text[0] = '\0';
	run->witness = (struct probe_witness){.seen = seen, .arg = run};
	filter.clear = run->ranges;
	filter.clear_count = run->range_count;
	if (run->config.redirect &&
	    probe_witness_open(&run->witness, run->config.base, run->config.redirect, &filter,
			       &run->unseen) < 0)
		run->looked = false;
}

/* Where AF_XDP has the card, packet sockets see what goes around it. */
int probe_listen_open(struct probe_run *run, probe_seen *seen, struct covey_error *error)
{
	const struct inventory_host *self = run->config.self;
	const struct uplinks_wanted wanted = uplinks_wanted_of(run->config.inventory, self);
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	size_t count = uplinks_find(&wanted, uplinks);
	int status;

	find_ranges(run);
	status = open_probe_tap(run, self->host_interface, false, seen, error);
	for (size_t i = 0; i < count && status == 0; i++)
		status = open_probe_tap(run, uplinks[i].name, true, seen, error);
	for (size_t i = 0; i < count && status == 0 && run->range_count > 0; i++)
		open_clear_tap(run, uplinks[i].name, seen);
	if (status == 0)
		open_witness(run, seen);
	return status;
}

void probe_listen_close(struct probe_run *run)
{
	for (size_t i = 0; i < run->tap_count; i++)
		probe_tap_close(&run->taps[i]);
	run->tap_count = 0;
	probe_witness_close(&run->witness);
}

static bool is_clear_tap(const struct probe_tap *tap)
{
	return tap->filter.clear_count > 0;
}

/* What was not looked at may all be of VNIs of others. */
static void take_clear_overflown(struct probe_run *run)
{
	if (probe_heard_overflown(&run->heard, run->exact))
		return;
	run->looked = false;
	run->flooded = true;
}

/* Where more packets came than were looked at, the probes may be among them. */
void probe_listen_take_overflown(struct probe_run *run)
{
	const uint32_t all = (1u << run->length_count) - 1;
	bool more = probe_witness_clear_overflown(&run->witness);

	for (size_t i = 0; i < run->tap_count; i++) {
		const struct probe_tap *tap = &run->taps[i];

		if (is_clear_tap(tap))
			more |= tap->overflown != 0;
		if (!tap->uplink || is_clear_tap(tap))
			continue;
		run->out.crowded |= tap->overflown & all;
		run->in.crowded |= tap->overflown & all;
	}
	if (probe_witness_overflown(&run->witness))
		run->in.crowded = all;
	if (more)
		take_clear_overflown(run);
}
