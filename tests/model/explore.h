/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* All that can happen in a world within its budget, breadth first. */

#include <stdbool.h>
#include <stddef.h>

#include "world.h"

struct scope {
	const struct setup *setup;
	unsigned together; /* begin with all members on one SA, in this epoch; 0: with nobody */
	size_t states_max; /* stop when so many are known */
	size_t settle_one; /* from one state in so many, see that all can settle down; 1: from all
			    */
};

struct findings {
	size_t states;
	size_t events;
	size_t settled;      /* states from which settling down was tried */
	size_t audited;      /* states that were reached twice and compared */
	unsigned depth;      /* all states up to here were looked at */
	bool whole;          /* there are no more */
	char violation[400]; /* empty: none */
};

/*
 * Explore. A violation ends it; when tells, the way there is printed. Returns 0 or -ENOMEM.
 */
int explore(const struct scope *scope, bool tells, struct findings *ret_findings);

/* The world in which all of that begins, alone in the arena. */
struct world *explore_begin(const struct scope *scope);
