/* SPDX-License-Identifier: BSD-3-Clause */

/* Rosters in chunks and changes: in force when complete, and never with a gap. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

static const struct senders *senders(const struct world *world)
{
	return &member_state_find(world->state, "g")->senders;
}

static void test_change(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_roster(world, "g", 2, false, false, 5, 9, 0), 0);
	assert_journal(world, "roster 256:4; >RosterAck 2; ");
	assert_int_equal(world_sa(world, 256)->roster[0].sender_id, 5);
	assert_int_equal(world_sa(world, 256)->roster[3].sender_id, 9);
	assert_int_equal(world_removed(world, "g", 3, 8), 0);
	assert_journal(world, "roster 256:3; >RosterAck 3; ");
	assert_int_equal(world_sa(world, 256)->roster[1].sender_id, 7);
	/* One that was never in it. */
	assert_int_equal(world_removed(world, "g", 4, 70000), 0);
	assert_int_equal(world_removed(world, "g", 5, 8), 0);
	assert_journal(world, "roster 256:3; >RosterAck 4; roster 256:3; >RosterAck 5; ");
	world_free(world);
}

static void test_chunks(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_roster(world, "g", 2, true, true, 1, 2, 0), 0);
	assert_int_equal(world_roster(world, "g", 2, false, true, 3, 0), 0);
	/* Half a roster is not put in force. */
	assert_journal(world, "");
	assert_int_equal(world_sa(world, 256)->roster_count, 2);
	assert_int_equal(world_roster(world, "g", 2, false, false, 4, 5, 0), 0);
	assert_journal(world, "roster 256:5; >RosterAck 2; ");
	assert_int_equal(world_roster(world, "g", 3, false, false, 6, 0), 0);
	assert_journal(world, "roster 256:6; >RosterAck 3; ");
	world_free(world);
}

static void test_gaps(void **state)
{
	static const struct {
		uint64_t generation;
		bool full;
		bool first_more; /* a first chunk of generation 2 came before */
		int expected;
	} rows[] = {
		{1, false, false, -EPROTO}, {2, false, false, 0},
		{3, false, false, -EPROTO}, {0, false, false, -EPROTO},
		{0, true, false, -EPROTO},  {1, true, false, 0},
		{9, true, false, 0},        {UINT64_MAX, false, false, -EPROTO},
		{2, false, true, 0},        {3, false, true, -EPROTO},
		{1, false, true, -EPROTO},  {3, true, true, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_with_active_sa();

		if (rows[i].first_more)
			assert_int_equal(world_roster(world, "g", 2, false, true, 3, 0), 0);
		assert_int_equal(
			world_roster(world, "g", rows[i].generation, rows[i].full, false, 9, 0),
			rows[i].expected);
		world_free(world);
	}
}

static void test_session_begins_with_a_whole_one(void **state)
{
	struct world *world = world_with_active_sa();

	member_state_closed(world->state);
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world_joined(world, "g", 7, 2), 0);
	world_forget(world);
	assert_int_equal(world_roster(world, "g", 2, false, false, 9, 0), -EPROTO);
	assert_int_equal(world_install(world, "g", 257, 86400), -EPROTO);
	assert_journal(world, "");
	world_free(world);
}

static void test_sa_waits_for_the_whole_roster(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_roster(world, "g", 2, true, true, 1, 0), 0);
	assert_int_equal(world_install(world, "g", 257, 86400), -EPROTO);
	assert_null(world_sa(world, 257));
	world_free(world);
}

/* A message that says what its columns say, whether they fit together or not. */
struct columns {
	uint32_t sender_ids[2];
	size_t sender_id_count;
	uint32_t epoch_floors[2];
	size_t epoch_floor_count;
	size_t vteps_len;
	const char *hosts;
	size_t hosts_len;
};

static int send_columns(struct world *world, const struct columns *columns)
{
	uint8_t vteps[40] = {10, 1};
	Covey__Roster roster = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	roster.group = "g";
	roster.generation = 2;
	roster.sender_ids = (uint32_t *)columns->sender_ids;
	roster.n_sender_ids = columns->sender_id_count;
	roster.epoch_floors = (uint32_t *)columns->epoch_floors;
	roster.n_epoch_floors = columns->epoch_floor_count;
	roster.vteps.data = vteps;
	roster.vteps.len = columns->vteps_len;
	roster.hosts.data = (uint8_t *)columns->hosts;
	roster.hosts.len = columns->hosts_len;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &roster;
	return world_message(world, &message);
}

#define A16 "aaaaaaaaaaaaaaaa"
#define A63 A16 A16 A16 "aaaaaaaaaaaaaaa"

static void test_malformed_columns(void **state)
{
	static const struct {
		struct columns columns;
		int expected;
	} rows[] = {
		{{{1}, 1, {1}, 1, 4, "a", 2}, 0},
		{{{65535}, 1, {65535}, 1, 16, "a", 2}, 0},
		{{{1, 2}, 2, {1, 9}, 2, 8, "a\0b", 4}, 0},
		{{{1, 2}, 2, {0}, 0, 32, "a\0b", 4}, 0},
		{{{1}, 1, {1}, 1, 4, A63, 64}, 0},
		{{{0}, 0, {0}, 0, 0, NULL, 0}, 0},
		/* Values out of range. */
		{{{0}, 1, {1}, 1, 4, "a", 2}, -EPROTO},
		{{{65536}, 1, {1}, 1, 4, "a", 2}, -EPROTO},
		{{{1}, 1, {0}, 1, 4, "a", 2}, -EPROTO},
		{{{1}, 1, {65536}, 1, 4, "a", 2}, -EPROTO},
		/* Columns of different lengths. */
		{{{1}, 1, {1, 1}, 2, 4, "a", 2}, -EPROTO},
		{{{1, 2}, 2, {1}, 1, 8, "a\0b", 4}, -EPROTO},
		{{{0}, 0, {1}, 1, 0, NULL, 0}, -EPROTO},
		{{{0}, 0, {0}, 0, 4, NULL, 0}, -EPROTO},
		{{{0}, 0, {0}, 0, 0, "a", 2}, -EPROTO},
		{{{1}, 1, {1}, 1, 0, "a", 2}, -EPROTO},
		{{{1}, 1, {1}, 1, 5, "a", 2}, -EPROTO},
		{{{1}, 1, {1}, 1, 17, "a", 2}, -EPROTO},
		{{{1, 2}, 2, {1, 1}, 2, 9, "a\0b", 4}, -EPROTO},
		{{{1, 2}, 2, {1, 1}, 2, 4, "a\0b", 4}, -EPROTO},
		{{{1, 2}, 2, {1, 1}, 2, 20, "a\0b", 4}, -EPROTO},
		{{{1, 2}, 2, {1, 1}, 2, 8, "a", 2}, -EPROTO},
		{{{1}, 1, {1}, 1, 4, "a\0b", 4}, -EPROTO},
		/* Names that are none. */
		{{{1}, 1, {1}, 1, 4, NULL, 0}, -EPROTO},
		{{{1}, 1, {1}, 1, 4, "a", 1}, -EPROTO},
		{{{1}, 1, {1}, 1, 4, "", 1}, -EPROTO},
		{{{1, 2}, 2, {1, 1}, 2, 8, "a\0b", 3}, -EPROTO},
		{{{1}, 1, {1}, 1, 4, "a\0b", 3}, -EPROTO},
		{{{1}, 1, {1}, 1, 4, A63 "a", 65}, -EPROTO},
		{{{1}, 1, {1}, 1, 4, "\xff\xfe", 3}, -EPROTO},
		{{{1}, 1, {1}, 1, 4, "a\nb", 4}, -EPROTO},
		{{{1}, 1, {1}, 1, 4, "a b", 4}, -EPROTO},
		/* Twice a new one; but twice one that is there is one change after the other. */
		{{{1, 1}, 2, {1, 1}, 2, 8, "a\0a", 4}, -EPROTO},
		{{{8, 8}, 2, {3, 3}, 2, 8, "a\0a", 4}, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_with_active_sa();
		int status = send_columns(world, &rows[i].columns);

		if (status != rows[i].expected)
			fail_msg("row %zu: %d", i, status);
		/* What was refused is not in force. */
		if (status)
			assert_journal(world, "");
		world_free(world);
	}
}

static void test_columns_are_read_in_step(void **state)
{
	static const struct columns columns = {{20, 30}, 2, {5, 6}, 2, 8, "ab\0cde", 7};
	struct world *world = world_with_active_sa();
	const struct sender *second;

	assert_int_equal(send_columns(world, &columns), 0);
	second = &senders(world)->list[senders(world)->count - 1];
	assert_int_equal(second->entry.sender_id, 30);
	assert_int_equal(second->entry.epoch_floor, 6);
	assert_int_equal(second->entry.vtep.bytes[0], 0);
	assert_string_equal(second->host, "cde");
	assert_int_equal(second[-1].entry.epoch_floor, 5);
	assert_int_equal(second[-1].entry.vtep.bytes[0], 10);
	assert_string_equal(second[-1].host, "ab");
	world_free(world);
}

/* One chunk, SenderIDs falling from first. */
static int send_chunk(struct world *world, uint32_t first, size_t count, bool full, bool more)
{
	static uint32_t sender_ids[COVEY_ROSTER_ENTRIES_PER_MESSAGE + 1];
	static uint8_t vteps[(COVEY_ROSTER_ENTRIES_PER_MESSAGE + 1) * 4];
	static uint8_t hosts[(COVEY_ROSTER_ENTRIES_PER_MESSAGE + 1) * 2];
	Covey__Roster roster = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	for (size_t i = 0; i < count; i++) {
		sender_ids[i] = first - (uint32_t)i;
		hosts[2 * i] = 'a';
	}
	roster.group = "g";
	roster.generation = 2;
	roster.full = full;
	roster.more = more;
	roster.sender_ids = sender_ids;
	roster.n_sender_ids = count;
	roster.vteps = (ProtobufCBinaryData){count * 4, vteps};
	roster.hosts = (ProtobufCBinaryData){count * 2, hosts};
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &roster;
	return world_message(world, &message);
}

static void test_chunk_too_long(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(send_chunk(world, COVEY_SENDER_ID_MAX,
				    COVEY_ROSTER_ENTRIES_PER_MESSAGE + 1, true, false),
			 -EPROTO);
	assert_journal(world, "");
	world_free(world);
}

/* All 65,535 SenderIDs, in the order that sorts worst. */
static void test_largest_roster(void **state)
{
	struct world *world = world_with_active_sa();
	const size_t chunk = COVEY_ROSTER_ENTRIES_PER_MESSAGE;
	uint32_t first = COVEY_SENDER_ID_MAX;

	for (; first > chunk; first -= chunk)
		assert_int_equal(
			send_chunk(world, first, chunk, first == COVEY_SENDER_ID_MAX, true), 0);
	assert_int_equal(send_chunk(world, first, first, false, false), 0);
	assert_journal(world, "roster 256:65535; >RosterAck 2; ");
	for (size_t i = 0; i < senders(world)->count; i++)
		assert_int_equal(senders(world)->list[i].entry.sender_id, i + 1);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_session_begins_with_a_whole_one),
		cmocka_unit_test(test_sa_waits_for_the_whole_roster),
		cmocka_unit_test(test_malformed_columns),
		cmocka_unit_test(test_columns_are_read_in_step),
		cmocka_unit_test(test_chunk_too_long),
		cmocka_unit_test(test_largest_roster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
