/* SPDX-License-Identifier: BSD-3-Clause */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const identities[WORLD_SEATS] = {
	"spiffe://f/host/a", "spiffe://f/host/b", "spiffe://f/host/c",
	"spiffe://f/host/d", "spiffe://f/host/e", "spiffe://f/host/f",
};

static void write_down(struct world *world, struct saying saying)
{
	assert_true(world->said_count < WORLD_HISTORY);
	world->said[world->said_count++] = saying;
}

static size_t seat_of(const struct world *world, const struct member *member)
{
	/* Nothing may be said to who is not there. */
	assert_non_null(member->session);
	return (size_t)(member - world->group->members);
}

static void on_roster(const struct member *to, const struct roster_part *part, void *arg)
{
	struct world *world = arg;

	write_down(world, (struct saying){.what = SAID_ROSTER,
					  .seat = seat_of(world, to),
					  .generation = part->generation,
					  .full = part->full});
}

static void on_install(const struct member *to, const struct sa *sa, uint32_t lifetime_s, void *arg)
{
	struct world *world = arg;

	assert_non_null(sa->tek);
	write_down(world, (struct saying){.what = SAID_INSTALL,
					  .seat = seat_of(world, to),
					  .spi = sa->spi,
					  .seconds = lifetime_s});
}

static void on_activate(const struct member *to, const struct sa *sa, void *arg)
{
	struct world *world = arg;

	assert_int_equal(sa->state, SA_ACTIVE);
	write_down(
		world,
		(struct saying){.what = SAID_ACTIVATE, .seat = seat_of(world, to), .spi = sa->spi});
}

static void on_drain(const struct member *to, const struct sa *sa, uint32_t drain_s, void *arg)
{
	struct world *world = arg;

	write_down(world, (struct saying){.what = SAID_DRAIN,
					  .seat = seat_of(world, to),
					  .spi = sa->spi,
					  .seconds = drain_s});
}

static void on_late(const struct member *who, const struct sa *sa, void *arg)
{
	struct world *world = arg;

	/* Said of somebody, not to somebody: who is away can be late. */
	write_down(world, (struct saying){.what = SAID_LATE,
					  .seat = (size_t)(who - world->group->members),
					  .spi = sa->spi});
}

static void on_changed(const struct sa *sa, void *arg)
{
	write_down(arg, (struct saying){.what = SAID_CHANGED,
					.seat = SIZE_MAX,
					.spi = sa->spi,
					.state = sa->state});
}

/* What members are told is on disk, or follows from what is. */
static void on_mode(const struct member *to, const struct mode_order *order, void *arg)
{
	struct world *world = arg;

	if (world->kept.serial && !world->group->mode.owes)
		assert_int_equal(world->kept.serial, order->serial);
	assert_true(to->knows_modes);
	write_down(world, (struct saying){.what = SAID_MODE,
					  .seat = seat_of(world, to),
					  .generation = order->serial,
					  .order = *order});
}

static int keep_mode(const struct mode_record *record, void *arg)
{
	struct world *world = arg;

	assert_int_equal(world->late.serial, 0);
	if (world->keeps_late) {
		world->late = *record;
		return -EINPROGRESS;
	}
	if (world->keep_fails)
		return world->keep_fails;
	assert_true(record->serial > world->kept.serial);
	world->kept = *record;
	return 0;
}

void world_keep(struct world *world)
{
	int status = world->keep_fails;

	if (status == 0) {
		assert_true(world->late.serial > world->kept.serial);
		world->kept = world->late;
	}
	world->late.serial = 0;
	mode_kept(world->group, status, world->now_ms);
}

static void on_mode_event(enum mode_event event, void *arg)
{
	((struct world *)arg)->events[event]++;
}

struct world *world_new(void)
{
	struct world *world = calloc(1, sizeof(*world));
	const struct group_output output = {.roster = on_roster,
					    .install = on_install,
					    .activate = on_activate,
					    .drain = on_drain,
					    .late = on_late,
					    .changed = on_changed,
					    .mode = on_mode,
					    .keep_mode = keep_mode,
					    .mode_event = on_mode_event,
					    .arg = world};

	assert_non_null(world);
	assert_int_equal(group_new(WORLD_SEATS, DELAY_MS, &output, &world->group), 0);
	for (size_t i = 0; i < WORLD_SEATS; i++) {
		struct member *member = &world->group->members[i];

		member->identity = identities[i];
		member->may_send = true;
		member->vtep.family = AF_INET;
		member->vtep.bytes[0] = 10;
		member->vtep.bytes[3] = (uint8_t)(i + 1);
	}
	world->now_ms = 1000;
	world->next_spi = COVEY_SPI_MIN;
	world->next_sender_id = 1;
	world->drain_ms = DRAIN_MS;
	return world;
}

void world_free(struct world *world)
{
	group_free(world->group);
	free(world);
}

int world_end(void **state)
{
	world_free(*state);
	return 0;
}

void world_admit(struct world *world, size_t seat)
{
	world_join(world, seat);
	world_calm(world);
}

void world_gather(struct world *world, size_t last)
{
	for (size_t i = A; i <= last; i++)
		world_join(world, i);
	world_calm(world);
}

void world_hush(struct world *world)
{
	world->said_count = 0;
}

void world_settle(struct world *world)
{
	group_settle(world->group, world->now_ms);
}

void world_pass(struct world *world, uint64_t ms)
{
	world->now_ms += ms;
	world_settle(world);
}

uint32_t world_rekey(struct world *world)
{
	const struct sa_timing timing = {.begin_ms = world->now_ms,
					 .patient = world->patient,
					 .activation_delay_ms = DELAY_MS,
					 .drain_delay_ms = world->drain_ms,
					 .hard_lifetime_ms = LIFETIME_MS,
					 .rekey_after_ms = world->interval_ms,
					 .evicts = world->evicts};
	uint32_t spi = world->next_spi++;
	uint8_t tek[32];

	memset(tek, (int)spi, sizeof(tek));
	assert_int_equal(group_begin_sa(world->group, spi, tek, sizeof(tek), &timing), 0);
	return spi;
}

uint16_t world_join(struct world *world, size_t seat)
{
	uint16_t epoch = 0;

	if (world->group->members[seat].sender_id == 0)
		assert_int_equal(group_bind(world->group, seat, world->next_sender_id++), 0);
	if (group_needs_sa(world->group))
		world_rekey(world);
	assert_int_equal(group_join(world->group, seat, world, &epoch), 0);
	return epoch;
}

void world_ack_rosters(struct world *world, size_t seat)
{
	const struct member *member = &world->group->members[seat];

	if (member->session && member->sent_generation)
		assert_int_equal(group_roster_acked(world->group, seat, member->sent_generation),
				 0);
}

void world_ack_sas(struct world *world, size_t seat)
{
	for (size_t i = 0; i < world->group->sa_count; i++)
		if (world->group->sas[i]->members[seat] == SA_MEMBER_SENT)
			assert_int_equal(
				group_sa_acked(world->group, seat, world->group->sas[i]->spi), 0);
}

void world_say_switched(struct world *world, size_t seat)
{
	const struct member *member = &world->group->members[seat];
	const struct sa *active = group_active_sa(world->group);

	if (member->session && active && active->members[seat] == SA_MEMBER_ACTIVE)
		assert_int_equal(group_sa_switched(world->group, seat, active->spi), 0);
}

void world_calm(struct world *world)
{
	size_t before;

	do {
		before = world->said_count;
		world_settle(world);
		for (size_t i = 0; i < WORLD_SEATS; i++) {
			world_ack_rosters(world, i);
			world_ack_sas(world, i);
			world_say_switched(world, i);
		}
		world_settle(world);
	} while (world->said_count != before);
}

size_t world_count(const struct world *world, enum said what, size_t seat, uint32_t spi)
{
	size_t count = 0;

	for (size_t i = 0; i < world->said_count; i++)
		count += world->said[i].what == what && world->said[i].seat == seat &&
			 (spi == 0 || world->said[i].spi == spi);
	return count;
}

void world_assert_said(const struct world *world, enum said what, size_t last, uint32_t spi,
		       size_t times)
{
	for (size_t i = A; i <= last; i++)
		assert_int_equal(world_count(world, what, i, spi), times);
}

void world_check(const char *row, const char *what, long long found, long long expected)
{
	if (found != expected)
		fail_msg("%s: %s: %lld, not %lld", row, what, found, expected);
}

const struct saying *world_last(const struct world *world, enum said what, size_t seat,
				uint32_t spi)
{
	for (size_t i = world->said_count; i-- > 0;)
		if (world->said[i].what == what && world->said[i].seat == seat &&
		    (spi == 0 || world->said[i].spi == spi))
			return &world->said[i];
	return NULL;
}

struct sa *world_sa(const struct world *world, uint32_t spi)
{
	for (size_t i = 0; i < world->group->sa_count; i++)
		if (world->group->sas[i]->spi == spi)
			return world->group->sas[i];
	return NULL;
}

uint16_t world_floor(const struct world *world, size_t seat)
{
	const struct roster_entry *entry = &world->group->roster.entries[seat];

	return entry->sender_id ? entry->epoch_floor : 0;
}

enum rekey_reason world_due(const struct world *world)
{
	return rekey_due(world->group, world->now_ms);
}
