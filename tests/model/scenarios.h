/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

#include "world.h"

struct scenario {
	struct setup setup;
	unsigned together; /* see struct scope */
	size_t states_short;
	size_t states_long;
	size_t walks_short; /* by chance, instead of all */
	size_t walks_long;
};

/* A rule is breached by a program that is broken in one way. */
struct break_case {
	const char *name;
	enum breakage breakage;
	const char *rule; /* that must find it */
	const char *meaning;
	const struct setup *budget;
	unsigned together;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;
extern const struct break_case break_cases[];
extern const size_t break_case_count;
