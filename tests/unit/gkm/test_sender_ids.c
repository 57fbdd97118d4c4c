/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Which SenderID an identity gets, and which it never gets (design: "Why an IV can never repeat",
 * rule 1).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <covey/limits.h>

#include "sender_ids.h"

struct tables {
	struct sender_ids held;
	struct sender_ids reserved;
	struct sender_ids requested;
};

static int begin(void **state)
{
	struct tables *tables = calloc(1, sizeof(*tables));

	*state = tables;
	return tables ? 0 : -1;
}

static int end(void **state)
{
	struct tables *tables = *state;

	sender_ids_free(&tables->held);
	sender_ids_free(&tables->reserved);
	sender_ids_free(&tables->requested);
	free(tables);
	return 0;
}

static struct sender_id_choice choose(const struct tables *tables, const char *identity,
				      uint16_t certificate, uint16_t fixed)
{
	return sender_id_choose(&tables->held, &tables->reserved, &tables->requested, identity,
				certificate, fixed);
}

/* Two that choose before the first one's choice is durable. */
static void what_is_requested_is_not_free(void **state)
{
	struct tables *tables = *state;
	struct sender_id_choice choice;

	sender_ids_bind(&tables->requested, "a", 1, 0);
	sender_ids_bind(&tables->reserved, "r", 2, 0);
	assert_int_equal(choose(tables, "b", 0, 0).sender_id, 3);
	sender_ids_bind(&tables->requested, "b", 3, 0);
	assert_int_equal(choose(tables, "c", 0, 0).sender_id, 4);
	choice = choose(tables, "c", 3, 0);
	assert_int_equal(choice.verdict, SENDER_ID_CONFLICT);
	assert_string_equal(choice.holder, "b");
}

/* The order: certificate, inventory, durable binding, lowest free. */
static void the_order_of_the_choice(void **state)
{
	struct tables *tables = *state;
	struct sender_id_choice choice;

	sender_ids_bind(&tables->held, "a", 3, 0);
	choice = choose(tables, "a", 7, 8);
	assert_int_equal(choice.verdict, SENDER_ID_NEW);
	assert_int_equal(choice.sender_id, 7);
	choice = choose(tables, "a", 0, 8);
	assert_int_equal(choice.verdict, SENDER_ID_NEW);
	assert_int_equal(choice.sender_id, 8);
	choice = choose(tables, "a", 0, 0);
	assert_int_equal(choice.verdict, SENDER_ID_KNOWN);
	assert_int_equal(choice.sender_id, 3);
	choice = choose(tables, "b", 0, 0);
	assert_int_equal(choice.verdict, SENDER_ID_NEW);
	assert_int_equal(choice.sender_id, 1);
	choice = choose(tables, "a", 3, 8);
	assert_int_equal(choice.verdict, SENDER_ID_KNOWN);
}

static void the_lowest_free_skips_held_and_reserved(void **state)
{
	struct tables *tables = *state;

	sender_ids_bind(&tables->held, "a", 1, 0);
	sender_ids_bind(&tables->held, "b", 3, 0);
	sender_ids_bind(&tables->reserved, "c", 2, 0);
	sender_ids_bind(&tables->reserved, "b", 3, 0);
	assert_int_equal(choose(tables, "d", 0, 0).sender_id, 4);
}

/* From the state file, or given up while an earlier instance's SAs may be about. */
static void what_is_kept_outlives_this_instances_sas(void **state)
{
	struct tables *tables = *state;

	tables->held.keeps = true;
	assert_int_equal(sender_ids_keep(&tables->held, "a", 1), 0);
	assert_int_equal(sender_ids_keep(&tables->held, "b", 1), -EEXIST);
	sender_ids_bind(&tables->held, "b", 2, 0);
	sender_ids_bind(&tables->held, "b", 3, 0);
	sender_ids_bind(&tables->held, "c", 4, 0);
	sender_ids_bind(&tables->held, "c", 5, 300);
	sender_ids_release(&tables->held, UINT32_MAX);
	assert_int_equal(choose(tables, "d", 0, 0).sender_id, 6);
	sender_ids_stop_keeping(&tables->held);
	sender_ids_release(&tables->held, 256);
	assert_int_equal(choose(tables, "d", 1, 0).verdict, SENDER_ID_NEW);
	assert_int_equal(choose(tables, "d", 2, 0).verdict, SENDER_ID_NEW);
	/* This one was used with an SA of this instance too. */
	assert_int_equal(choose(tables, "d", 4, 0).verdict, SENDER_ID_CONFLICT);
	sender_ids_release(&tables->held, 301);
	assert_int_equal(choose(tables, "d", 4, 0).verdict, SENDER_ID_NEW);
}

static void who_takes_up_its_former_one_has_it(void **state)
{
	struct tables *tables = *state;

	tables->held.keeps = true;
	assert_int_equal(sender_ids_keep(&tables->held, "a", 1), 0);
	assert_int_equal(sender_ids_bind(&tables->held, "b", 1, 0), -EEXIST);
	assert_int_equal(sender_ids_bind(&tables->held, "a", 1, 0), 0);
	assert_int_equal(sender_ids_find(&tables->held, "a"), 1);
	sender_ids_stop_keeping(&tables->held);
	sender_ids_release(&tables->held, UINT32_MAX);
	assert_int_equal(sender_ids_find(&tables->held, "a"), 1);
}

static void a_claim_of_anothers_is_a_conflict(void **state)
{
	struct tables *tables = *state;
	struct sender_id_choice choice;

	sender_ids_bind(&tables->held, "a", 3, 0);
	sender_ids_bind(&tables->reserved, "c", 9, 0);
	choice = choose(tables, "b", 3, 0);
	assert_int_equal(choice.verdict, SENDER_ID_CONFLICT);
	assert_true(choice.by_certificate);
	assert_string_equal(choice.holder, "a");
	assert_int_equal(choice.sender_id, 3);
	choice = choose(tables, "b", 0, 3);
	assert_int_equal(choice.verdict, SENDER_ID_CONFLICT);
	assert_false(choice.by_certificate);
	/* What the inventory fixes for another, that did not join yet. */
	choice = choose(tables, "b", 9, 0);
	assert_int_equal(choice.verdict, SENDER_ID_CONFLICT);
	assert_string_equal(choice.holder, "c");
	assert_int_equal(choose(tables, "c", 0, 9).verdict, SENDER_ID_NEW);
	/* A bound identity is refused too, it does not fall back to what it has. */
	choice = choose(tables, "c", 3, 0);
	assert_int_equal(choice.verdict, SENDER_ID_CONFLICT);
}

static void two_identities_never_share(void **state)
{
	struct tables *tables = *state;

	assert_int_equal(sender_ids_bind(&tables->held, "a", 3, 0), 0);
	assert_int_equal(sender_ids_bind(&tables->held, "a", 3, 0), 0);
	assert_int_equal(sender_ids_bind(&tables->held, "b", 3, 0), -EEXIST);
	assert_int_equal(sender_ids_find(&tables->held, "b"), 0);
	assert_string_equal(sender_ids_holder(&tables->held, 3)->identity, "a");
}

static void a_former_one_stays_until_its_sas_are_gone(void **state)
{
	struct tables *tables = *state;

	sender_ids_bind(&tables->held, "a", 3, 0);
	sender_ids_bind(&tables->held, "a", 5, 300);
	assert_int_equal(sender_ids_find(&tables->held, "a"), 5);
	assert_int_equal(choose(tables, "b", 3, 0).verdict, SENDER_ID_CONFLICT);
	sender_ids_release(&tables->held, 300);
	assert_int_equal(choose(tables, "b", 3, 0).verdict, SENDER_ID_CONFLICT);
	sender_ids_release(&tables->held, 301);
	assert_int_equal(choose(tables, "b", 3, 0).verdict, SENDER_ID_NEW);
	assert_int_equal(choose(tables, "b", 5, 0).verdict, SENDER_ID_CONFLICT);
}

static void back_to_a_former_one(void **state)
{
	struct tables *tables = *state;

	sender_ids_bind(&tables->held, "a", 3, 0);
	sender_ids_bind(&tables->held, "a", 5, 300);
	assert_int_equal(choose(tables, "a", 3, 0).verdict, SENDER_ID_NEW);
	assert_int_equal(sender_ids_bind(&tables->held, "a", 3, 301), 0);
	assert_int_equal(sender_ids_find(&tables->held, "a"), 3);
	assert_int_equal(sender_ids_bind(&tables->held, "b", 5, 0), -EEXIST);
	sender_ids_release(&tables->held, UINT32_MAX);
	assert_int_equal(sender_ids_bind(&tables->held, "b", 5, 0), 0);
	assert_int_equal(sender_ids_find(&tables->held, "a"), 3);
}

static void all_are_used_and_then_none_is_left(void **state)
{
	struct tables *tables = *state;
	char identity[16];

	/* The first is left over until the end. */
	for (uint32_t i = COVEY_SENDER_ID_MIN + 1; i <= COVEY_SENDER_ID_MAX; i++) {
		snprintf(identity, sizeof(identity), "host%u", i);
		assert_int_equal(sender_ids_bind(&tables->held, identity, (uint16_t)i, 0), 0);
	}
	assert_int_equal(choose(tables, "last", 0, 0).sender_id, COVEY_SENDER_ID_MIN);
	assert_int_equal(sender_ids_bind(&tables->held, "last", COVEY_SENDER_ID_MIN, 0), 0);
	assert_int_equal(choose(tables, "one more", 0, 0).verdict, SENDER_ID_EXHAUSTED);
	assert_int_equal(choose(tables, "host5", 0, 0).verdict, SENDER_ID_KNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_order_of_the_choice),
		TEST(the_lowest_free_skips_held_and_reserved),
		TEST(what_is_kept_outlives_this_instances_sas),
		TEST(who_takes_up_its_former_one_has_it),
		TEST(what_is_requested_is_not_free),
		TEST(a_claim_of_anothers_is_a_conflict),
		TEST(two_identities_never_share),
		TEST(a_former_one_stays_until_its_sas_are_gone),
		TEST(back_to_a_former_one),
		TEST(all_are_used_and_then_none_is_left),
	};

	return cmocka_run_group_tests_name("gkm-sender-ids", tests, NULL, NULL);
}
