/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The mode of a group at the key manager: what is refused, what members are told and when, what is
 * on disk. Most of it is stories (mode_stories.h).
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mode_flaws.h"
#include "mode_stories.h"
#include "world.h"

static const char *const verdicts[] = {
	[MODE_BEGUN] = "begun",
	[MODE_ALREADY] = "already",
	[MODE_BUSY] = "busy",
	[MODE_TOO_LATE] = "late",
	[MODE_UNCONFIRMED] = "unconfirmed",
	[MODE_TOO_FAR] = "far",
	[MODE_POINTLESS] = "pointless",
	[MODE_NOT_DESPITE] = "not-despite",
	[MODE_BAD_TIME] = "time",
	[MODE_TOO_SHORT] = "short",
	[MODE_FLAWED] = "flawed",
	[MODE_NOTHING] = "nothing",
	[MODE_NOT_STORED] = "unstored",
};

static const char *const outcomes[] = {
	[MODE_OUTCOME_NONE] = "none",     [MODE_OUTCOME_UNDER_WAY] = "under-way",
	[MODE_OUTCOME_DONE] = "done",     [MODE_OUTCOME_TAKEN_BACK] = "taken-back",
	[MODE_OUTCOME_UNDONE] = "undone",
};

struct teller {
	const char *story;
	struct world *world;
	enum covey_mode begin;
	char word[64]; /* the present one */
};

static void check(const struct teller *teller, bool good)
{
	if (!good)
		fail_msg("%s: %s", teller->story, teller->word);
}

static void begin_world(struct teller *teller, const struct mode_record *stored)
{
	teller->world = world_new();
	teller->world->kept = *stored;
	mode_start(teller->world->group, stored, teller->begin, teller->world->now_ms);
}

static void come(struct teller *teller, size_t seat, bool knows_modes)
{
	world_join(teller->world, seat);
	if (knows_modes)
		mode_understood(teller->world->group, seat);
	world_calm(teller->world);
}

static void acknowledge(struct teller *teller, size_t seat)
{
	const struct member *member = &teller->world->group->members[seat];

	if (member->session && member->mode_told)
		check(teller, mode_acked(teller->world->group, seat, member->mode_told,
					 teller->world->now_ms) == 0);
}

/* 0: from A. */
static void hear(struct teller *teller, size_t seat, uint8_t stranger)
{
	struct clear_heard heard = {.vtep = teller->world->group->members[A].vtep,
				    .vni = 100,
				    .packets = 3,
				    .at_ms = teller->world->now_ms};

	if (stranger)
		heard.vtep.bytes[1] = stranger;
	clear_heard_take(teller->world->group, seat, &heard);
}

/* As realm.c does it. */
static void restart(struct teller *teller)
{
	struct world *old = teller->world;

	begin_world(teller, &old->kept);
	teller->world->keep_fails = old->keep_fails;
	teller->world->next_spi = old->next_spi;
	teller->world->next_sender_id = old->next_sender_id;
	for (size_t i = 0; i < WORLD_SEATS; i++)
		if (old->group->members[i].sender_id)
			check(teller, group_restore(teller->world->group, i,
						    old->group->members[i].sender_id) == 0);
	world_free(old);
}

static void at_seat(struct teller *teller, const char *what, size_t seat)
{
	struct group *group = teller->world->group;

	if (strcmp(what, "ack") == 0)
		acknowledge(teller, seat);
	else if (strcmp(what, "lose") == 0)
		group_lost(group, seat);
	else if (strcmp(what, "back") == 0 || strcmp(what, "old") == 0)
		come(teller, seat, what[0] == 'b');
	else if (strcmp(what, "leave") == 0)
		group_left(group, seat);
	else if (strcmp(what, "report") == 0)
		mode_reported(group, seat, teller->world->now_ms);
	else if (strcmp(what, "evict") == 0)
		group_evict(group, seat);
	else
		check(teller, strcmp(what, "clear") == 0 || strcmp(what, "stranger") == 0 ||
				      strcmp(what, "many") == 0);
	if (what[0] == 'c' || what[0] == 's')
		hear(teller, seat, what[0] == 's' ? 77 : 0);
	for (uint8_t i = 0; what[0] == 'm' && i <= COVEY_CLEAR_HEARD_PER_MEMBER_MAX; i++)
		hear(teller, seat, i + 77);
}

static bool is_mode(enum covey_mode mode, const char *name)
{
	return strcmp(name, mode ? covey_mode_name(mode) : "none") == 0;
}

static bool has_flaw(const struct teller *teller, const char *text)
{
	static const char *const names[] = {
		[MODE_FLAW_AWAY] = "away",     [MODE_FLAW_OLD] = "old",
		[MODE_FLAW_MODE] = "mode",     [MODE_FLAW_NO_SA] = "no-sa",
		[MODE_FLAW_SA] = "sa",         [MODE_FLAW_CLEAR] = "clear",
		[MODE_FLAW_SILENT] = "silent", [MODE_FLAW_CLEAR_MISSED] = "missed",
	};
	const struct world *world = teller->world;
	struct mode_flaws flaws = {0};

	mode_flaws_find(world->group, (enum covey_mode)(world->group->mode.now.mode + 1),
			world->now_ms, &flaws);
	return flaws.count && flaws.named[0].seat == (size_t)(text[0] - 'A') &&
	       strcmp(names[flaws.named[0].flaw], text + 2) == 0;
}

static bool are_late(const struct world *world, const char *seats)
{
	for (size_t i = 0; i < WORLD_SEATS; i++)
		if (world->group->members[i].mode_late !=
		    (strcmp(seats, "none") != 0 && strchr(seats, (int)('A' + i)) != NULL))
			return false;
	return true;
}

/* False when it is no word of this kind. */
static bool check_state(const struct teller *teller, const char *what, const char *value)
{
	const struct world *world = teller->world;
	const struct saying *said = world_last(world, SAID_MODE, A, 0);

	if (strcmp(what, "is") == 0)
		check(teller, said && is_mode(said->order.mode, value));
	else if (strcmp(what, "then") == 0)
		check(teller, said && is_mode(said->order.then, value));
	else if (strcmp(what, "left") == 0)
		check(teller, said && said->order.left_ms == strtoul(value, NULL, 10));
	else if (strcmp(what, "between") == 0)
		check(teller, said && said->order.between_ms == strtoul(value, NULL, 10));
	else if (strcmp(what, "serial") == 0)
		check(teller, said && said->order.serial == strtoul(value, NULL, 10));
	else if (strcmp(what, "outcome") == 0)
		check(teller, strcmp(outcomes[world->group->mode.outcome], value) == 0);
	else if (strcmp(what, "kept") == 0)
		check(teller, is_mode(world->kept.mode, value));
	else if (strcmp(what, "goal") == 0)
		check(teller, is_mode(world->kept.goal, value));
	else if (strcmp(what, "end") == 0)
		check(teller, is_mode(world->kept.then, value));
	else if (strcmp(what, "flaw") == 0)
		check(teller, has_flaw(teller, value));
	else if (strcmp(what, "despite") == 0)
		check(teller, world->group->mode.despite.count == strtoul(value, NULL, 10));
	else if (strcmp(what, "late") == 0)
		check(teller, are_late(world, value));
	else
		return false;
	return true;
}

static void ask(struct teller *teller, char *what, const char *verdict)
{
	char *deadline = strchr(what, ':');
	struct mode_request request = {.despite_clear = what[0] == '!'};
	enum mode_verdict found;

	what += request.despite_clear;
	if (deadline) {
		*deadline++ = '\0';
		*(*deadline == 'f' ? &request.for_s : &request.confirm_s) =
			strtoull(deadline + 1, NULL, 10);
	}
	if (strcmp(what, "confirm") == 0) {
		found = mode_confirm(teller->world->group, teller->world->now_ms);
	} else {
		check(teller, covey_mode_parse(what, &request.mode));
		found = mode_change(teller->world->group, &request, teller->world->now_ms);
	}
	if (strcmp(verdicts[found], verdict) != 0)
		fail_msg("%s: %s is %s", teller->story, teller->word, verdicts[found]);
}

static void plain(struct teller *teller, const char *word)
{
	struct world *world = teller->world;

	if (strcmp(word, "ack") == 0)
		for (size_t i = 0; i < WORLD_SEATS; i++)
			acknowledge(teller, i);
	else if (strcmp(word, "report") == 0)
		for (size_t i = 0; i < WORLD_SEATS; i++)
			mode_reported(world->group, i, world->now_ms);
	else if (strcmp(word, "rekey") == 0)
		world_rekey(world);
	else if (strcmp(word, "switched") == 0)
		world_calm(world);
	else if (strcmp(word, "expire") == 0)
		for (size_t i = 0; i < world->group->sa_count; i++)
			world->group->sas[i]->expires_ms = 0;
	else if (strcmp(word, "full") == 0 || strcmp(word, "empty") == 0)
		world->keep_fails = word[0] == 'f' ? -ENOSPC : 0;
	else if (strcmp(word, "restart") == 0)
		restart(teller);
	else
		fail_msg("%s: no such word: %s", teller->story, word);
}

static void act(struct teller *teller)
{
	char copy[sizeof(teller->word)];
	char *value;

	strcpy(copy, teller->word);
	if ((value = strchr(copy, '='))) {
		*value = '\0';
		ask(teller, copy, value + 1);
	} else if (copy[0] == '+') {
		world_pass(teller->world, strtoull(copy + 1, NULL, 10));
	} else if ((value = strchr(copy, ':'))) {
		*value = '\0';
		if (check_state(teller, copy, value + 1))
			return;
		for (value++; *value; value++)
			at_seat(teller, copy, (size_t)(*value - 'A'));
	} else {
		plain(teller, copy);
	}
	world_settle(teller->world);
	world_settle(teller->world);
}

static void tell(const struct story *story)
{
	const struct mode_record none = {0};
	struct teller teller = {.story = story->name, .begin = story->begin};
	const char *at = story->words;
	int len;

	begin_world(&teller, &none);
	for (size_t i = A; i <= F; i++) {
		world_join(teller.world, i);
		mode_understood(teller.world->group, i);
	}
	world_calm(teller.world);
	for (size_t i = A; i <= F; i++)
		acknowledge(&teller, i);
	for (; sscanf(at, "%63s%n", teller.word, &len) == 1; at += len)
		act(&teller);
	world_free(teller.world);
}

static void every_story(void **state)
{
	for (size_t i = 0; i < mode_story_count; i++)
		tell(&mode_stories[i]);
}

/* --- what is not a story ------------------------------------------------------------------- */

static int begin(void **state)
{
	const struct mode_record none = {0};
	struct world *world = world_new();

	mode_start(world->group, &none, COVEY_MODE_TRANSITION, world->now_ms);
	for (size_t i = A; i <= F; i++) {
		world_join(world, i);
		mode_understood(world->group, i);
	}
	*state = world;
	return 0;
}

/* So that no packet passes in a mode that counts no more. */
static void the_mode_comes_before_roster_and_sas(void **state)
{
	struct world *world = *state;

	world_settle(world);
	for (size_t i = A; i <= F; i++) {
		size_t first = 0;

		while (world->said[first].seat != i)
			first++;
		assert_int_equal(world->said[first].what, SAID_MODE);
	}
}

static void who_knows_no_modes_is_told_none(void **state)
{
	struct world *world = *state;

	world_calm(world);
	group_lost(world->group, B);
	world_hush(world);
	world_join(world, B);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_MODE, B, 0), 0);
	assert_int_equal(mode_acked(world->group, B, 1, world->now_ms), -EPROTO);
}

static void acknowledgements_of_what_was_not_told(void **state)
{
	const struct mode_request request = {.mode = COVEY_MODE_OBSERVE};
	struct world *world = *state;

	assert_int_equal(mode_acked(world->group, A, 1, world->now_ms), -EPROTO);
	world_calm(world);
	assert_int_equal(mode_acked(world->group, A, 0, world->now_ms), -EPROTO);
	assert_int_equal(mode_acked(world->group, A, 2, world->now_ms), -EPROTO);
	assert_int_equal(mode_acked(world->group, A, 1, world->now_ms), 0);
	assert_int_equal(mode_change(world->group, &request, world->now_ms), MODE_BEGUN);
	assert_int_equal(mode_acked(world->group, A, 2, world->now_ms), -EPROTO);
	world_settle(world);
	assert_int_equal(mode_acked(world->group, A, 2, world->now_ms), 0);
	/* One that comes late changes nothing. */
	assert_int_equal(mode_acked(world->group, A, 1, world->now_ms), 0);
	assert_int_equal(world->group->members[A].mode_acked, 2);
	group_lost(world->group, A);
	assert_int_equal(mode_acked(world->group, A, 2, world->now_ms), -EPROTO);
}

static void the_log_is_reminded(void **state)
{
	const struct mode_request request = {.mode = COVEY_MODE_ENFORCE};
	struct world *world = *state;

	assert_int_equal(world->events[MODE_REMINDER], 1);
	world->events[MODE_REMINDER] = 0;
	world_calm(world);
	world_pass(world, MODE_REMIND_MS - 1);
	assert_int_equal(world->events[MODE_REMINDER], 0);
	assert_int_equal(mode_deadline(world->group), world->now_ms + 1);
	world_pass(world, 1);
	world_pass(world, 1);
	assert_int_equal(world->events[MODE_REMINDER], 1);
	world_pass(world, MODE_REMIND_MS);
	assert_int_equal(world->events[MODE_REMINDER], 2);
	for (size_t i = A; i <= F; i++)
		assert_int_equal(mode_acked(world->group, i, 1, world->now_ms), 0);
	assert_int_equal(mode_change(world->group, &request, world->now_ms), MODE_BEGUN);
	world_settle(world);
	for (size_t i = A; i <= F; i++)
		assert_int_equal(mode_acked(world->group, i, 2, world->now_ms), 0);
	world_settle(world);
	assert_int_equal(mode_deadline(world->group), UINT64_MAX);
	world_pass(world, 2 * MODE_REMIND_MS);
	assert_int_equal(world->events[MODE_REMINDER], 2);
}

/* --- clear packets ------------------------------------------------------------------------- */

static void hear_from(struct world *world, size_t seat, uint32_t number)
{
	struct clear_heard heard = {.vtep = {.family = AF_INET}, .packets = UINT64_MAX / 2 + 1};

	memcpy(heard.vtep.bytes, &number, sizeof(number));
	heard.at_ms = world->now_ms;
	clear_heard_take(world->group, seat, &heard);
}

static void count(size_t seat, const struct clear_heard *heard, void *arg)
{
	size_t *total = arg;

	(*total)++;
}

static void reports_are_bounded(void **state)
{
	struct world *world = *state;
	size_t total = 0;

	for (uint32_t i = 0; i < COVEY_CLEAR_HEARD_PER_MEMBER_MAX; i++)
		hear_from(world, A, i);
	hear_from(world, A, 1);
	assert_false(clear_heard_missed(world->group, A, world->now_ms));
	assert_int_equal(world->group->members[A].clear.heard[1].packets, UINT64_MAX);
	hear_from(world, A, COVEY_CLEAR_HEARD_PER_MEMBER_MAX);
	assert_true(clear_heard_missed(world->group, A, world->now_ms));
	hear_from(world, B, 1);
	clear_heard_each(world->group, world->now_ms, count, &total);
	assert_int_equal(total, COVEY_CLEAR_HEARD_PER_MEMBER_MAX + 1);
	world->now_ms += CLEAR_HEARD_MS;
	assert_false(clear_heard_missed(world->group, A, world->now_ms));
	total = 0;
	clear_heard_each(world->group, world->now_ms, count, &total);
	assert_int_equal(total, 0);
	/* The old ones make room, and count no more. */
	hear_from(world, A, 1000);
	assert_int_equal(world->group->clear.count, 2);
	assert_int_equal(world->group->members[A].clear.count, 1);
	hear_from(world, B, 1);
	assert_int_equal(world->group->members[B].clear.heard[0].packets, UINT64_MAX / 2 + 1);
}

static void a_group_that_is_full_forgets_what_is_old(void **state)
{
	struct world *world = *state;

	hear_from(world, A, 1);
	world->group->clear.count = COVEY_CLEAR_HEARD_PER_GROUP_MAX;
	hear_from(world, B, 1);
	assert_true(clear_heard_missed(world->group, B, world->now_ms));
	assert_false(clear_heard_missed(world->group, A, world->now_ms));
	world->now_ms += CLEAR_HEARD_MS;
	hear_from(world, B, 1);
	assert_int_equal(world->group->members[B].clear.count, 1);
	assert_int_equal(world->group->members[A].clear.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_story),
		TEST(the_mode_comes_before_roster_and_sas),
		TEST(who_knows_no_modes_is_told_none),
		TEST(acknowledgements_of_what_was_not_told),
		TEST(the_log_is_reminded),
		TEST(reports_are_bounded),
		TEST(a_group_that_is_full_forgets_what_is_old),
	};

	return cmocka_run_group_tests_name("gkm-mode", tests, NULL, NULL);
}
