/* SPDX-License-Identifier: BSD-3-Clause */
#include "walk.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "event.h"

/* Messages come more often than all else, or the budget would be spent at once. */
#define MESSAGE_WEIGHT 8

struct steps {
	struct event list[WALK_MAX];
	size_t count;
};

/* Marsaglia's xorshift64*. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

static unsigned weight_of(struct event event)
{
	return event.kind <= EVENT_GKM_NOTICES ? MESSAGE_WEIGHT : 1;
}

static struct event choose(const struct event *events, size_t count, uint64_t *seed)
{
	unsigned total = 0, at;

	for (size_t i = 0; i < count; i++)
		total += weight_of(events[i]);
	at = (unsigned)(next_random(seed) % total);
	for (size_t i = 0; i < count; i++) {
		if (at < weight_of(events[i]))
			return events[i];
		at -= weight_of(events[i]);
	}
	return events[0];
}

static void go(struct world *world, uint64_t *seed, struct steps *steps)
{
	struct event events[EVENTS_MAX];
	size_t count;

	arena_enter();
	for (steps->count = 0; steps->count < WALK_MAX && !world->violation[0];) {
		count = events_possible(world, events);
		if (count == 0)
			break;
		steps->list[steps->count] = choose(events, count, seed);
		event_happen(world, steps->list[steps->count++]);
	}
	arena_leave();
}

static void come_to_rest(struct world *world)
{
	arena_enter();
	if (!world->violation[0]) {
		if (world->tells)
			printf("      and then, without further faults:\n");
		settle_down(world);
	}
	arena_leave();
}

/* --- making a violation readable ----------------------------------------------------------- */

static bool is_possible_now(const struct world *world, struct event event)
{
	struct event events[EVENTS_MAX];
	size_t count = events_possible(world, events);

	for (size_t i = 0; i < count; i++)
		if (events[i].kind == event.kind && events[i].host == event.host)
			return true;
	return false;
}

/* The same steps but one; those that have become impossible are left out. */
static void repeat(struct world *world, const struct steps *steps, size_t but)
{
	arena_enter();
	for (size_t i = 0; i < steps->count && !world->violation[0]; i++)
		if (i != but && is_possible_now(world, steps->list[i]))
			event_happen(world, steps->list[i]);
	arena_leave();
	come_to_rest(world);
}

static bool is_same_rule(const char *a, const char *b)
{
	size_t len = strcspn(a, ":");

	return a[0] && strncmp(a, b, len + 1) == 0;
}

static void shorten(struct world *world, const struct snapshot *start, struct steps *steps,
		    const char *violation)
{
	for (size_t i = steps->count; i-- > 0;) {
		arena_restore(start);
		repeat(world, steps, i);
		if (!is_same_rule(violation, world->violation))
			continue;
		steps->count--;
		memmove(&steps->list[i], &steps->list[i + 1],
			(steps->count - i) * sizeof(steps->list[0]));
	}
}

static void report(struct world *world, const struct snapshot *start, struct steps *steps,
		   struct findings *findings)
{
	memcpy(findings->violation, world->violation, sizeof(findings->violation));
	for (size_t before = steps->count + 1; before > steps->count;) {
		before = steps->count;
		shorten(world, start, steps, findings->violation);
	}
	arena_restore(start);
	world->tells = true;
	repeat(world, steps, steps->count);
	printf("      ==> %s\n", world->violation);
}

/* --- all ----------------------------------------------------------------------------------- */

void walk(const struct scope *scope, size_t walks, struct findings *ret_findings)
{
	struct world *world = explore_begin(scope);
	struct snapshot start = {0};
	struct findings findings = {0};
	struct steps steps;
	uint64_t seed = 1;

	arena_save(&start);
	while (findings.settled < walks && !findings.violation[0]) {
		arena_restore(&start);
		go(world, &seed, &steps);
		come_to_rest(world);
		findings.settled++;
		findings.events += steps.count;
		if (steps.count > findings.depth)
			findings.depth = (unsigned)steps.count;
		if (world->violation[0])
			report(world, &start, &steps, &findings);
	}
	snapshot_free(&start);
	*ret_findings = findings;
}
