/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "path.h"
#include "serial.h"

struct exploration {
	const struct scope *scope;
	bool tells;
	struct findings *findings;
	struct visited visited;
	struct audit audit;
	struct path path;
};

/* --- one violation ends it ----------------------------------------------------------------- */

static void report(struct exploration *exploration, uint32_t node, const struct event *last)
{
	struct world *world = exploration->path.world;
	struct findings *findings = exploration->findings;

	memcpy(findings->violation, world->violation, sizeof(findings->violation));
	if (!exploration->tells)
		return;
	path_tell(&exploration->path, node, last);
	if (!last) {
		printf("      and then, without further faults:\n");
		arena_enter();
		settle_down(world);
		arena_leave();
	}
	printf("      ==> %s\n", world->violation);
}

/* --- one state ----------------------------------------------------------------------------- */

static bool settles_down(struct exploration *exploration, uint32_t node)
{
	struct world *world = exploration->path.world;

	if (node % exploration->scope->settle_one)
		return true;
	exploration->findings->settled++;
	arena_enter();
	settle_down(world);
	arena_leave();
	if (world->violation[0]) {
		report(exploration, node, NULL);
		return false;
	}
	path_return(&exploration->path);
	return true;
}

static bool follow(struct exploration *exploration, uint32_t node, struct event event)
{
	struct visited *visited = &exploration->visited;
	struct world *world = exploration->path.world;
	uint32_t found;
	uint64_t digest;

	arena_enter();
	event_happen(world, event);
	arena_leave();
	exploration->findings->events++;
	if (world->violation[0]) {
		report(exploration, node, &event);
		return false;
	}
	digest = serial_digest(world);
	visited->nodes[node].successors += digest;
	found = visited_find(visited, digest);
	if (found == NOWHERE)
		visited_add(visited, digest, node, event);
	else
		audit_note(&exploration->audit, found, node, event);
	return true;
}

static bool expand(struct exploration *exploration, uint32_t node)
{
	struct event events[EVENTS_MAX];
	size_t count;

	path_go(&exploration->path, node);
	if (!settles_down(exploration, node))
		return false;
	count = events_possible(exploration->path.world, events);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			path_return(&exploration->path);
		if (!follow(exploration, node, events[i]))
			return false;
	}
	return true;
}

/* --- all ----------------------------------------------------------------------------------- */

static void explore_all(struct exploration *exploration)
{
	struct visited *visited = &exploration->visited;
	uint32_t node;

	for (node = 0; node < visited->count; node++) {
		if (visited->nodes[node].depth + 1 >= DEPTH_MAX ||
		    visited->count + EVENTS_MAX > visited->capacity)
			break;
		if (!expand(exploration, node))
			return;
		exploration->findings->depth = visited->nodes[node].depth;
	}
	exploration->findings->whole = node == visited->count;
	/* The layer that it broke off in is not whole. */
	if (node < visited->count && exploration->findings->depth > 0 &&
	    visited->nodes[node].depth == exploration->findings->depth)
		exploration->findings->depth--;
	exploration->findings->audited =
		audit_run(&exploration->audit, &exploration->path, node, exploration->findings);
}

struct world *explore_begin(const struct scope *scope)
{
	struct world *world;

	arena_clear();
	arena_enter();
	world = world_new(scope->setup);
	for (unsigned epoch = 1; epoch <= scope->together; epoch++) {
		for (unsigned i = 0; epoch > 1 && i < MEMBERS; i++)
			event_happen(world,
				     (struct event){.kind = EVENT_HOST_LOSES, .host = (uint8_t)i});
		settle_down(world);
	}
	world->left = scope->setup->budget;
	arena_leave();
	return world;
}

int explore(const struct scope *scope, bool tells, struct findings *ret_findings)
{
	struct exploration *exploration = calloc(1, sizeof(*exploration));
	struct world *world = explore_begin(scope);
	int status = -ENOMEM;

	*ret_findings = (struct findings){0};
	if (!exploration || visited_init(&exploration->visited, scope->states_max) < 0)
		goto out;
	exploration->scope = scope;
	exploration->tells = tells;
	exploration->findings = ret_findings;
	path_init(&exploration->path, &exploration->visited, world);
	visited_add(&exploration->visited, serial_digest(world), NOWHERE, (struct event){0});
	if (world->violation[0])
		report(exploration, 0, NULL);
	else
		explore_all(exploration);
	ret_findings->states = exploration->visited.count;
	path_free(&exploration->path);
	status = 0;
out:
	if (exploration)
		visited_free(&exploration->visited);
	free(exploration);
	return status;
}
