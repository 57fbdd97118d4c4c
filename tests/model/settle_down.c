/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "event.h"
#include "rules.h"

/* Activation, drain, expiry and the drain of what comes after, and some to spare. */
#define TIMES_MAX 24
/* More messages than ever follow from one moment. */
#define STEPS_MAX 400

/* Everything that needs no time and is no fault. */
static bool quieten(struct world *world)
{
	struct event events[EVENTS_MAX];

	world->left = (struct budget){0};
	for (unsigned i = 0; i < STEPS_MAX && !world->violation[0]; i++) {
		if (events_possible(world, events) == 0)
			return true;
		event_happen(world, events[0]);
	}
	return false;
}

static void complain(struct world *world)
{
	const struct sa *active = group_active_sa(world->gkm.group);
	char text[300] = "";
	size_t len = 0;

	for (unsigned i = 0; i < MEMBERS; i++) {
		const struct plane_sa *on = plane_sending(&world->hosts[i].plane);

		len += (size_t)snprintf(text + len, sizeof(text) - len, "; m%u sends on %u of %zu",
					i + 1, on ? on->spi : 0, world->hosts[i].plane.count);
	}
	world_violate(world, "return: the members do not come to one SA: %u is active%s",
		      active ? active->spi : 0, text);
}

void settle_down(struct world *world)
{
	struct event time = {.kind = EVENT_TIME};

	for (unsigned i = 0; i < TIMES_MAX; i++) {
		struct event events[EVENTS_MAX];

		if (!quieten(world))
			break;
		if (rules_all_on_one(world))
			return;
		world->left.times = 1;
		if (events_possible(world, events) == 0)
			break;
		event_happen(world, time);
	}
	if (!world->violation[0])
		complain(world);
}
