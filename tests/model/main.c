/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The state machines of covey-gkm and covey-host, driven through all that can happen to them.
 *
 *     model                  the test: all scenarios, then each rule broken once
 *     model --scenario NAME  one scenario
 *     model --break NAME     one breakage, with the trace that finds it
 *
 * COVEY_TEST_LONG: to greater depth. COVEY_TEST_SHALLOW: to less, for slow builds.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explore.h"
#include "scenarios.h"
#include "walk.h"

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How far to go. settle_one: see struct scope. */
struct effort {
	bool is_long;
	unsigned share; /* of the states and walks, one in so many */
	size_t settle_one;
	size_t settle_one_broken; /* where something is broken */
};

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static struct effort effort_wanted(void)
{
	if (is_set("COVEY_TEST_LONG"))
		return (struct effort){true, 1, 4, 1};
	if (is_set("COVEY_TEST_SHALLOW"))
		return (struct effort){false, 8, 16, 16};
	return (struct effort){false, 1, 16, 1};
}

/* What is left out is said. */
static void tell_effort(const struct effort *effort)
{
	if (effort->share > 1)
		printf("note: shallow: 1 of %u states and walks; with something broken, settling "
		       "down from 1 of %zu states instead of all\n",
		       effort->share, effort->settle_one_broken);
}

/* --- scenarios ----------------------------------------------------------------------------- */

static bool tell(const char *name, const struct findings *findings, double start)
{
	if (findings->states)
		printf("%-14s %8zu states, %8zu events, all to depth %3u%s", name, findings->states,
		       findings->events, findings->depth,
		       findings->whole ? " and that is all" : "");
	else
		printf("%-14s %8zu walks,  %8zu events, by chance to depth %3u", name,
		       findings->settled, findings->events, findings->depth);
	printf("; %zu settled, %zu audited, %.1f s: %s\n", findings->settled, findings->audited,
	       seconds() - start, findings->violation[0] ? findings->violation : "ok");
	fflush(stdout);
	return !findings->violation[0];
}

static bool run_scenario(const struct scenario *scenario, const struct effort *effort)
{
	size_t states = effort->is_long ? scenario->states_long : scenario->states_short;
	size_t walks = effort->is_long ? scenario->walks_long : scenario->walks_short;
	struct scope scope = {
		.setup = &scenario->setup,
		.together = scenario->together,
		.states_max = states / effort->share,
		.settle_one = effort->settle_one,
	};
	struct findings findings = {0};
	double start = seconds();

	if (walks)
		walk(&scope, walks / effort->share, &findings);
	else if (explore(&scope, true, &findings) < 0)
		snprintf(findings.violation, sizeof(findings.violation), "out of memory");
	return tell(scenario->setup.name, &findings, start);
}

/* --- breakages ----------------------------------------------------------------------------- */

static bool run_breakage(const struct break_case *what, const struct effort *effort)
{
	struct setup setup = *what->budget;
	struct scope scope = {
		.setup = &setup,
		.together = what->together,
		.states_max = 400000,
		.settle_one = effort->settle_one_broken,
	};
	struct findings findings;
	size_t len = strlen(what->rule);
	bool found;

	setup.name = what->name;
	setup.breakage = what->breakage;
	printf("--- broken on purpose: %s (%s)\n", what->name, what->meaning);
	if (explore(&scope, true, &findings) < 0)
		return false;
	found = strncmp(findings.violation, what->rule, len) == 0 && findings.violation[len] == ':';
	printf("%s: rule \"%s\"%s, %zu states\n\n", found ? "found" : "NOT FOUND", what->rule,
	       findings.violation[0] ? "" : " was not breached", findings.states);
	fflush(stdout);
	return found;
}

/* --- the command line ---------------------------------------------------------------------- */

static int run_one_scenario(const char *name, const struct effort *effort)
{
	for (size_t i = 0; i < scenario_count; i++)
		if (strcmp(scenarios[i].setup.name, name) == 0)
			return run_scenario(&scenarios[i], effort) ? EXIT_SUCCESS : EXIT_FAILURE;
	fprintf(stderr, "model: there is no scenario %s\n", name);
	return 2;
}

static int run_one_breakage(const char *name, const struct effort *effort)
{
	for (size_t i = 0; i < break_case_count; i++)
		if (strcmp(break_cases[i].name, name) == 0)
			return run_breakage(&break_cases[i], effort) ? EXIT_SUCCESS : EXIT_FAILURE;
	fprintf(stderr, "model: there is no breakage %s\n", name);
	return 2;
}

static int run_all(const struct effort *effort)
{
	bool good = true;

	for (size_t i = 0; i < scenario_count; i++)
		good &= run_scenario(&scenarios[i], effort);
	for (size_t i = 0; i < break_case_count; i++)
		good &= run_breakage(&break_cases[i], effort);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct effort effort = effort_wanted();

	tell_effort(&effort);
	if (argc == 1)
		return run_all(&effort);
	if (argc == 3 && strcmp(argv[1], "--scenario") == 0)
		return run_one_scenario(argv[2], &effort);
	if (argc == 3 && strcmp(argv[1], "--break") == 0)
		return run_one_breakage(argv[2], &effort);
	fprintf(stderr, "usage: model [--scenario NAME | --break NAME]\n");
	return 2;
}
