/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The world at a node. Worlds are not kept: they are made again from the beginning, or rather from
 * the last world that the way to the one before has in common with it.
 */

#include "arena.h"
#include "visited.h"

#define DEPTH_MAX 512

struct path {
	const struct visited *visited;
	struct world *world;
	struct snapshot along[DEPTH_MAX]; /* the worlds on the way, by depth */
	uint32_t nodes[DEPTH_MAX];
	size_t depth; /* of the last one that `along` and `nodes` hold */
};

/* Begin at the world as it is now. */
void path_init(struct path *path, const struct visited *visited, struct world *world);
void path_free(struct path *path);

/* Put the world where the node is. */
void path_go(struct path *path, uint32_t node);
/* Once more to the node of the last path_go(). */
void path_return(struct path *path);

/*
 * Print the way to the node and, when last is not NULL, one event more. The world stays there, and
 * goes on printing.
 */
void path_tell(struct path *path, uint32_t node, const struct event *last);
