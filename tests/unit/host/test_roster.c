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

static int send_entry(struct world *world, uint32_t sender_id, uint32_t epoch_floor,
		      size_t vtep_len, const char *identity, size_t copies)
{
	uint8_t vtep[17] = {10, 1};
	Covey__RosterEntry entry = COVEY__ROSTER_ENTRY__INIT;
	Covey__RosterEntry *pointers[COVEY_ROSTER_ENTRIES_PER_MESSAGE + 1];
	Covey__Roster roster = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	entry.sender_id = sender_id;
	entry.epoch_floor = epoch_floor;
	entry.vtep.data = vtep;
	entry.vtep.len = vtep_len;
	entry.identity = (char *)identity;
	for (size_t i = 0; i < copies; i++)
		pointers[i] = &entry;
	roster.group = "g";
	roster.generation = 2;
	roster.set = pointers;
	roster.n_set = copies;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &roster;
	return world_message(world, &message);
}

static void test_malformed_entries(void **state)
{
	static const char good[] = "spiffe://test.example/host/a";
	char long_identity[COVEY_IDENTITY_MAX + 2];
	static const struct {
		uint32_t sender_id;
		uint32_t epoch_floor;
		size_t vtep_len;
		const char *identity; /* NULL: too long */
		size_t copies;
		int expected;
	} rows[] = {
		{1, 1, 4, good, 1, 0},
		{65535, 65535, 16, good, 1, 0},
		{0, 1, 4, good, 1, -EPROTO},
		{65536, 1, 4, good, 1, -EPROTO},
		{1, 65536, 4, good, 1, -EPROTO},
		{1, 1, 0, good, 1, -EPROTO},
		{1, 1, 5, good, 1, -EPROTO},
		{1, 1, 17, good, 1, -EPROTO},
		{1, 1, 4, NULL, 1, -EPROTO},
		{1, 1, 4, "spiffe://\xff\xfe", 1, -EPROTO},
		{1, 1, 4, "spiffe://a\nb", 1, -EPROTO},
		{1, 1, 4, good, 2, -EPROTO},
		{1, 1, 4, good, COVEY_ROSTER_ENTRIES_PER_MESSAGE + 1, -EPROTO},
		/* Twice one that is there already is one change after the other. */
		{8, 3, 4, good, 2, 0},
	};

	memset(long_identity, 'a', sizeof(long_identity));
	long_identity[sizeof(long_identity) - 1] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_with_active_sa();
		const char *identity = rows[i].identity ? rows[i].identity : long_identity;
		int status = send_entry(world, rows[i].sender_id, rows[i].epoch_floor,
					rows[i].vtep_len, identity, rows[i].copies);

		if (status != rows[i].expected)
			fail_msg("row %zu: %d", i, status);
		/* What was refused is not in force. */
		if (status)
			assert_journal(world, "");
		world_free(world);
	}
}

/* One chunk of the largest size, SenderIDs falling from first. */
static int send_chunk(struct world *world, uint32_t first, size_t count, bool full, bool more)
{
	static Covey__RosterEntry entries[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	static Covey__RosterEntry *pointers[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	uint8_t vtep[4] = {10, 0, 0, 1};
	Covey__Roster roster = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	for (size_t i = 0; i < count; i++) {
		covey__roster_entry__init(&entries[i]);
		entries[i].sender_id = first - (uint32_t)i;
		entries[i].vtep.data = vtep;
		entries[i].vtep.len = sizeof(vtep);
		pointers[i] = &entries[i];
	}
	roster.group = "g";
	roster.generation = 2;
	roster.full = full;
	roster.more = more;
	roster.set = pointers;
	roster.n_set = count;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &roster;
	return world_message(world, &message);
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
		cmocka_unit_test(test_malformed_entries),
		cmocka_unit_test(test_largest_roster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
