/* SPDX-License-Identifier: BSD-3-Clause */

/* Which hosts `covey check --wire` has send probes to which. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "wire_plan.h"

#define MOST 1000

static struct inventory_member members[MOST];

/* Hosts 10, 11 and so on, who may do all. */
static struct inventory_group group_of(size_t count)
{
	for (size_t i = 0; i < count; i++)
		members[i] = (struct inventory_member){
			.host = 10 + i, .may_send = true, .may_receive = true};
	return (struct inventory_group){.members = members, .member_count = count};
}

static uint32_t draw(uint32_t bound)
{
	return (uint32_t)rand() % bound;
}

static void no_host_twice_in_a_round(const struct wire_plan *plan)
{
	unsigned last[MOST + 10];

	memset(last, 0xff, sizeof(last));
	for (size_t i = 0; i < plan->count; i++) {
		const struct wire_pair *pair = &plan->pairs[i];

		assert_true(i == 0 || pair->round >= plan->pairs[i - 1].round);
		assert_int_not_equal(last[pair->from], pair->round);
		assert_int_not_equal(last[pair->to], pair->round);
		last[pair->from] = last[pair->to] = pair->round;
	}
}

static void each_pair_of_a_small_group(void **state)
{
	for (size_t count = 2; count <= WIRE_ALL_PAIRS_MAX; count++) {
		struct inventory_group group = group_of(count);
		bool met[MOST + 10][WIRE_ALL_PAIRS_MAX + 10] = {0};
		struct wire_plan plan;

		assert_int_equal(wire_plan_make(&group, draw, &plan), 0);
		assert_int_equal(plan.count, count * (count - 1) / 2);
		for (size_t i = 0; i < plan.count; i++) {
			assert_true(plan.pairs[i].from < plan.pairs[i].to);
			assert_false(met[plan.pairs[i].from][plan.pairs[i].to]);
			met[plan.pairs[i].from][plan.pairs[i].to] = true;
		}
		no_host_twice_in_a_round(&plan);
		wire_plan_free(&plan);
	}
}

static void each_member_of_a_large_group_twice(void **state)
{
	for (size_t count = WIRE_ALL_PAIRS_MAX + 1; count <= MOST; count += 13) {
		struct inventory_group group = group_of(count);
		unsigned from[MOST + 10] = {0}, to[MOST + 10] = {0};
		struct wire_plan plan;

		assert_int_equal(wire_plan_make(&group, draw, &plan), 0);
		assert_int_equal(plan.count, count);
		for (size_t i = 0; i < plan.count; i++) {
			from[plan.pairs[i].from]++;
			to[plan.pairs[i].to]++;
		}
		for (size_t i = 0; i < count; i++)
			assert_true(from[10 + i] == 1 && to[10 + i] == 1);
		no_host_twice_in_a_round(&plan);
		wire_plan_free(&plan);
	}
}

/* A member that only receives sends none, and two of those are no pair. */
static void only_who_may_send(void **state)
{
	struct inventory_group group = group_of(4);
	struct wire_plan plan;

	members[0].may_send = members[1].may_send = false;
	members[3].may_receive = false;
	assert_int_equal(wire_plan_make(&group, draw, &plan), 0);
	assert_int_equal(plan.count, 5);
	for (size_t i = 0; i < plan.count; i++) {
		assert_true(plan.pairs[i].from >= 12);
		assert_int_not_equal(plan.pairs[i].to, 13);
	}
	wire_plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair_of_a_small_group),
		cmocka_unit_test(each_member_of_a_large_group_twice),
		cmocka_unit_test(only_who_may_send),
	};

	return cmocka_run_group_tests_name("cli: whom to probe", tests, NULL, NULL);
}
