/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which hosts of a group send probes to which. Pure.
 */

#include <stddef.h>
#include <stdint.h>

#include "inventory.h"

/* In groups of up to so many members, each pair is probed. */
#define WIRE_ALL_PAIRS_MAX 16

struct wire_pair {
	size_t from, to; /* indexes of hosts in the inventory */
	unsigned round;  /* no host is in two pairs of a round */
};

struct wire_plan {
	struct wire_pair *pairs; /* by round */
	size_t count;
	size_t *order; /* all members that may receive, shuffled where there are many */
	size_t members;
};

/*
 * All pairs, or, of a larger group, each member and the next one in an order that draw() makes:
 * draw(n) gives a number below n. Free it with wire_plan_free(). 0 or -ENOMEM.
 */
int wire_plan_make(const struct inventory_group *group, uint32_t (*draw)(uint32_t bound),
		   struct wire_plan *ret_plan);
void wire_plan_free(struct wire_plan *plan);
