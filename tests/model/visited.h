/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "event.h"

#define NOWHERE UINT32_MAX

/* One state that was reached, and how. */
struct node {
	uint64_t digest;
	uint64_t successors; /* sum of their digests, to compare two that should be alike */
	uint32_t parent;     /* NOWHERE: the beginning */
	struct event event;  /* that led here from the parent */
	uint16_t depth;
};

/* All states, in the order in which they were found. */
struct visited {
	struct node *nodes;
	size_t count;
	size_t capacity;
	uint32_t *slots; /* by digest; NOWHERE: free */
	size_t slot_count;
};

/* Room for at most max states. 0 or -ENOMEM. */
int visited_init(struct visited *visited, size_t max);
void visited_free(struct visited *visited);

/* The node of that digest, NOWHERE: none. */
uint32_t visited_find(const struct visited *visited, uint64_t digest);
/* Add one that is not there. NOWHERE when there is no room. */
uint32_t visited_add(struct visited *visited, uint64_t digest, uint32_t parent, struct event event);
