/* SPDX-License-Identifier: BSD-3-Clause */
#include "path.h"

void path_init(struct path *path, const struct visited *visited, struct world *world)
{
	path->visited = visited;
	path->world = world;
	path->depth = 0;
	path->nodes[0] = 0;
	arena_save(&path->along[0]);
}

void path_free(struct path *path)
{
	for (size_t i = 0; i < DEPTH_MAX; i++)
		snapshot_free(&path->along[i]);
}

static void happen(struct world *world, struct event event)
{
	arena_enter();
	event_happen(world, event);
	arena_leave();
}

void path_go(struct path *path, uint32_t node)
{
	size_t depth = path->visited->nodes[node].depth;
	size_t common = depth;

	for (uint32_t at = node;; at = path->visited->nodes[at].parent) {
		if (common <= path->depth && path->nodes[common] == at)
			break;
		path->nodes[common--] = at;
	}
	arena_restore(&path->along[common]);
	for (size_t i = common + 1; i <= depth; i++) {
		happen(path->world, path->visited->nodes[path->nodes[i]].event);
		arena_save(&path->along[i]);
	}
	path->depth = depth;
}

void path_return(struct path *path)
{
	arena_restore(&path->along[path->depth]);
}

void path_tell(struct path *path, uint32_t node, const struct event *last)
{
	path_go(path, node);
	arena_restore(&path->along[0]);
	path->world->tells = true;
	for (size_t i = 1; i <= path->depth; i++)
		happen(path->world, path->visited->nodes[path->nodes[i]].event);
	if (last)
		happen(path->world, *last);
}
