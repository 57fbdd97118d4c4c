/* SPDX-License-Identifier: BSD-3-Clause */

#include "wire_plan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static bool can(const struct inventory_group *group, size_t host, bool send)
{
	for (size_t i = 0; i < group->member_count; i++)
		if (group->members[i].host == host)
			return send ? group->members[i].may_send : group->members[i].may_receive;
	return false;
}

/* One of the two sends. The other answers, if it may. */
static void add(const struct inventory_group *group, size_t one, size_t two, unsigned round,
		struct wire_plan *plan)
{
	bool there = can(group, one, true) && can(group, two, false);
	bool back = can(group, two, true) && can(group, one, false);

	if (there)
		plan->pairs[plan->count++] = (struct wire_pair){one, two, round};
	else if (back)
		plan->pairs[plan->count++] = (struct wire_pair){two, one, round};
}

/* As in a tournament: the first stays, the others go round. An odd number gets a place of nobody.
 */
static void pair_all(const struct inventory_group *group, struct wire_plan *plan)
{
	size_t places = plan->members + plan->members % 2;

	for (size_t round = 0; round + 1 < places; round++) {
		for (size_t i = 0; i < places / 2; i++) {
			size_t one = i == 0 ? 0 : (round + i - 1) % (places - 1) + 1;
			size_t two = (round + places - 2 - i) % (places - 1) + 1;

			if (one < plan->members && two < plan->members)
				add(group, plan->order[one < two ? one : two],
				    plan->order[one < two ? two : one], (unsigned)round, plan);
		}
	}
}

/* Each with the next one, the last with the first: every other pair in one round, the rest in the
 * next; and the last of an odd number after them. */
static void pair_neighbours(const struct inventory_group *group, struct wire_plan *plan)
{
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < plan->members; i++) {
			bool last = i == plan->members - 1 && plan->members % 2;

			if ((last ? 2u : (unsigned)(i % 2)) == round)
				add(group, plan->order[i], plan->order[(i + 1) % plan->members],
				    round, plan);
		}
	}
}

int wire_plan_make(const struct inventory_group *group, uint32_t (*draw)(uint32_t bound),
		   struct wire_plan *ret_plan)
{
	size_t count = group->member_count;
	bool all = count <= WIRE_ALL_PAIRS_MAX;
	struct wire_plan plan = {.members = count};

	plan.order = calloc(count + 1, sizeof(*plan.order));
	plan.pairs = calloc(all ? count * count + 1 : count, sizeof(*plan.pairs));
	if (!plan.order || !plan.pairs) {
		wire_plan_free(&plan);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		plan.order[i] = group->members[i].host;
	for (size_t i = count; i > 1 && !all; i--) {
		size_t other = draw((uint32_t)i), host = plan.order[i - 1];

		plan.order[i - 1] = plan.order[other];
		plan.order[other] = host;
	}
	if (all)
		pair_all(group, &plan);
	else
		pair_neighbours(group, &plan);
	*ret_plan = plan;
	return 0;
}

void wire_plan_free(struct wire_plan *plan)
{
	free(plan->order);
	free(plan->pairs);
	plan->order = NULL;
	plan->pairs = NULL;
}
