/* SPDX-License-Identifier: BSD-3-Clause */
#include "audit.h"

#include <stdio.h>

#include "serial.h"

/* All at first, then ever fewer: so that the whole run is looked at, whatever its length. */
void audit_note(struct audit *audit, uint32_t found, uint32_t parent, struct event event)
{
	size_t every = 1 + audit->met / (AUDITS_MAX / 4);

	if (audit->met++ % every || audit->count == AUDITS_MAX)
		return;
	audit->list[audit->count++] =
		(struct again){.found = found, .parent = parent, .event = event};
}

static void happen(struct world *world, struct event event)
{
	arena_enter();
	event_happen(world, event);
	arena_leave();
}

static uint64_t successors(struct path *path, const struct again *again)
{
	struct event events[EVENTS_MAX];
	uint64_t sum = 0;
	size_t count;

	path_go(path, again->parent);
	happen(path->world, again->event);
	count = events_possible(path->world, events);
	for (size_t i = 0; i < count; i++) {
		path_return(path);
		happen(path->world, again->event);
		happen(path->world, events[i]);
		sum += serial_digest(path->world);
	}
	return sum;
}

size_t audit_run(const struct audit *audit, struct path *path, uint32_t expanded,
		 struct findings *findings)
{
	size_t compared = 0;

	for (size_t i = 0; i < audit->count && !findings->violation[0]; i++) {
		const struct again *again = &audit->list[i];

		if (again->found >= expanded)
			continue;
		compared++;
		if (successors(path, again) == path->visited->nodes[again->found].successors)
			continue;
		snprintf(findings->violation, sizeof(findings->violation),
			 "audit: two worlds that serial.c tells apart by nothing behave "
			 "differently: it leaves out something that matters");
		printf("  one way:\n");
		path_tell(path, again->found, NULL);
		printf("  another:\n");
		path_tell(path, again->parent, &again->event);
	}
	return compared;
}
