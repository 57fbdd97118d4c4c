/* SPDX-License-Identifier: BSD-3-Clause */
#include "visited.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int visited_init(struct visited *visited, size_t max)
{
	size_t slots = 1024;

	while (slots < max * 2)
		slots *= 2;
	*visited = (struct visited){.capacity = max, .slot_count = slots};
	visited->nodes = calloc(max, sizeof(*visited->nodes));
	visited->slots = malloc(slots * sizeof(*visited->slots));
	if (!visited->nodes || !visited->slots) {
		visited_free(visited);
		return -ENOMEM;
	}
	memset(visited->slots, 0xff, slots * sizeof(*visited->slots));
	return 0;
}

void visited_free(struct visited *visited)
{
	free(visited->nodes);
	free(visited->slots);
	*visited = (struct visited){0};
}

static size_t find_slot(const struct visited *visited, uint64_t digest)
{
	size_t at = digest & (visited->slot_count - 1);

	while (visited->slots[at] != NOWHERE && visited->nodes[visited->slots[at]].digest != digest)
		at = (at + 1) & (visited->slot_count - 1);
	return at;
}

uint32_t visited_find(const struct visited *visited, uint64_t digest)
{
	return visited->slots[find_slot(visited, digest)];
}

uint32_t visited_add(struct visited *visited, uint64_t digest, uint32_t parent, struct event event)
{
	uint32_t index = (uint32_t)visited->count;
	uint16_t depth = parent == NOWHERE ? 0 : (uint16_t)(visited->nodes[parent].depth + 1);

	if (visited->count == visited->capacity)
		return NOWHERE;
	visited->nodes[index] =
		(struct node){.digest = digest, .parent = parent, .event = event, .depth = depth};
	visited->slots[find_slot(visited, digest)] = index;
	visited->count++;
	return index;
}
