/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Fleets on virtual time, each by its seed.
 *
 *     simulation                      the short form: fixed seeds, one by chance, and all breaks
 *     simulation --for 3600           fleets by chance for so many seconds, with reports
 *     simulation --seed 7 --members 3 one fleet; --tell prints what happens
 */

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "simulation.h"

#define LONG_SECONDS 1800 /* COVEY_TEST_LONG */
/* The short form draws a seed below this: a change that breaks a rule is to be found, and one that
 * does not is not to fail for an oracle that is wrong once in thousands of fleets. The long form
 * draws any. */
#define SHORT_SEEDS 512

struct options {
	uint64_t seed;
	bool has_seed;
	unsigned members;
	unsigned hours;
	unsigned seconds;
	unsigned fleets;
	const char *broken;
	bool tells;
	bool breaks;
};

struct totals {
	uint64_t fleets, events, virtual_us;
	uint64_t settled_us; /* the longest */
	uint64_t injected[FAULT_KINDS];
	double began;
};

static double now(void)
{
	struct timespec time;

	timespec_get(&time, TIME_UTC);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* --- reports ---------------------------------------------------------------------------------- */

static void report(const struct totals *totals)
{
	double seconds = now() - totals->began;

	printf("%" PRIu64 " fleets, %.1f fleet-hours, %" PRIu64
	       " events, %.0f a second; back on one "
	       "SA at most %.0f s after the last fault\n",
	       totals->fleets, (double)totals->virtual_us / 3.6e9, totals->events,
	       (double)totals->events / seconds, (double)totals->settled_us / 1e6);
	printf("  faults:");
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		if (totals->injected[i])
			printf(" %s %" PRIu64, fault_name(i), totals->injected[i]);
	puts("");
	fflush(stdout);
}

static void add(struct totals *totals, const struct result *result)
{
	totals->fleets++;
	totals->events += result->events;
	totals->virtual_us += result->took_us;
	if (!result->violation[0] && result->settled_us > totals->settled_us)
		totals->settled_us = result->settled_us;
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		totals->injected[i] += result->injected[i];
}

/* --- one fleet -------------------------------------------------------------------------------- */

static void explain(struct plan *plan, const struct result *first)
{
	struct result result;

	printf("seed %" PRIu64 ", %u members: %s\n", plan->seed, plan->hosts, first->violation);
	plan_shrink(plan, first->violation);
	fleet_run(plan, false, &result);
	printf("  it takes %zu faults: %s\n", plan->count, result.violation);
	for (size_t i = 0; i < plan->count; i++)
		fault_print(&plan->faults[i]);
	printf("  what happens: simulation --seed %" PRIu64 " --members %u --hours %" PRIu64
	       " --tell\n",
	       plan->seed, plan->hosts, plan->end_us / SECOND_US / 3600);
}

/* False when a rule is breached. */
static bool run_one(uint64_t seed, unsigned members, unsigned hours, bool explains,
		    struct totals *totals, struct result *ret_result)
{
	struct plan *plan = plan_new(seed, members, hours);
	bool good;

	fleet_run(plan, false, ret_result);
	add(totals, ret_result);
	good = !ret_result->violation[0];
	if (!good && explains)
		explain(plan, ret_result);
	plan_free(plan);
	return good;
}

/* --- forms ------------------------------------------------------------------------------------ */

static int run_seed(const struct options *options)
{
	struct plan *plan = plan_new(options->seed, options->members, options->hours);
	struct result first, again;
	int status = EXIT_SUCCESS;

	fleet_run(plan, false, &first);
	fleet_run(plan, false, &again);
	if (first.digest != again.digest || first.events != again.events) {
		printf("seed %" PRIu64 " is not the same twice\n", plan->seed);
		status = EXIT_FAILURE;
	}
	if (first.violation[0]) {
		explain(plan, &first);
		status = EXIT_FAILURE;
	}
	if (options->tells)
		fleet_run(plan, true, &first);
	printf("seed %" PRIu64 ": %" PRIu64 " events, digest %016" PRIx64 ", %s\n", plan->seed,
	       first.events, first.digest, first.violation[0] ? first.violation : "all is well");
	plan_free(plan);
	return status;
}

/* Sizes take turns: mostly small fleets, which see more of what can happen in an hour. */
static unsigned size_of(uint64_t number, unsigned most)
{
	static const unsigned sizes[] = {3, 2, 5, 3, 8, 3, 4, 20};
	unsigned size = number % 512 == 511 ? 1000 : number % 64 == 63 ? 100 : sizes[number % 8];

	return most && size > most ? most : size;
}

static bool run_many(uint64_t seed, uint64_t fleets, unsigned most, double until,
		     struct totals *totals)
{
	double reported = now();
	struct result result;
	bool good = true;

	for (uint64_t i = 0; i < fleets && (until == 0 || now() < until); i++) {
		good &= run_one(seed + i, size_of(seed + i, most), 1, true, totals, &result);
		if (until == 0 || now() < reported + 60)
			continue;
		reported = now();
		report(totals);
	}
	return good;
}

static bool find_break(const struct break_case *broken, uint64_t fleets)
{
	struct totals totals = {.began = now()};
	char rule[32];

	breakage = broken->breakage;
	for (uint64_t i = 0; i < fleets; i++) {
		struct result result;

		if (run_one(i, size_of(i, 8), 1, false, &totals, &result))
			continue;
		snprintf(rule, sizeof(rule), "%.*s ", (int)strcspn(result.violation, ":"),
			 result.violation);
		printf("%-13s found after %7.2f fleet-hours by seed %" PRIu64 " (%s): %s\n",
		       broken->name, (double)totals.virtual_us / 3.6e9, i, broken->meaning,
		       result.violation);
		breakage = BREAK_NONE;
		return strstr(broken->rules, rule) != NULL;
	}
	printf("%-13s NOT FOUND in %.0f fleet-hours: %s\n", broken->name,
	       (double)totals.virtual_us / 3.6e9, broken->meaning);
	breakage = BREAK_NONE;
	return false;
}

static bool find_breaks(const char *name, uint64_t fleets)
{
	bool good = true, any = false;

	for (size_t i = 0; i < break_case_count; i++) {
		if (name && strcmp(name, break_cases[i].name) != 0)
			continue;
		any = true;
		if (find_break(&break_cases[i], fleets))
			continue;
		printf("%s: by another rule than %s\n", break_cases[i].name, break_cases[i].rules);
		good = false;
	}
	return good && any;
}

static uint64_t seed_by_chance(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort();
	return seed >> 16;
}

/* COVEY_TEST_SHALLOW: fewer of them, for slow builds. */
static int run_short(void)
{
	bool shallow = getenv("COVEY_TEST_SHALLOW") != NULL;
	struct totals totals = {.began = now()};
	uint64_t seed = seed_by_chance() % SHORT_SEEDS;
	struct options same = {.seed = 1, .members = 3, .hours = 1};
	struct result result;
	bool good = run_seed(&same) == EXIT_SUCCESS;

	if (shallow)
		puts("note: shallow: simulation: 24 fleets of 8 members at most");
	good &= run_many(1, shallow ? 16 : 120, shallow ? 8 : 20, 0, &totals);
	good &= shallow || run_one(63, 100, 1, true, &totals, &result);
	printf("seeds by chance: 8 from %" PRIu64 " on\n", seed);
	good &= run_many(seed, 8, 8, 0, &totals);
	report(&totals);
	good &= find_breaks(NULL, 400);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void print_figures(const struct totals *totals)
{
	printf("figure: fleet-hours %.0f h\n", (double)totals->virtual_us / 3.6e9);
	printf("figure: events %.0f 1/s\n", (double)totals->events / (now() - totals->began));
	printf("figure: return-max %.0f s\n", (double)totals->settled_us / 1e6);
}

static int run_long(const struct options *options)
{
	struct totals totals = {.began = now()};
	uint64_t seed = options->has_seed ? options->seed : seed_by_chance();
	bool good;

	printf("seeds from %" PRIu64 " on\n", seed);
	good = run_many(seed, options->fleets ? options->fleets : UINT64_MAX, options->members,
			options->seconds ? now() + options->seconds : 0, &totals);
	report(&totals);
	print_figures(&totals);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- options ---------------------------------------------------------------------------------- */

static const struct argp_option table[] = {
	{"seed", 's', "NUMBER", 0,
	 "One fleet by its seed, twice; with --for or --fleets the first seed", 0},
	{"members", 'm', "NUMBER", 0, "How many members it has, or has at most (default 3)", 0},
	{"hours", 'h', "NUMBER", 0, "How long it lives, in virtual time (default 1)", 0},
	{"for", 'f', "SECONDS", 0, "Fleets by chance for so long", 0},
	{"fleets", 'n', "NUMBER", 0, "So many fleets", 0},
	{"break", 'b', "NAME", 0, "Break a rule, or with `all` each of them, and find it", 0},
	{"tell", 't', NULL, 0, "Print all that happens to the fleet of --seed", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 's':
		options->seed = strtoull(arg, NULL, 10);
		options->has_seed = true;
		return 0;
	case 'm':
		options->members = (unsigned)strtoul(arg, NULL, 10);
		return 0;
	case 'h':
		options->hours = (unsigned)strtoul(arg, NULL, 10);
		return 0;
	case 'f':
		options->seconds = (unsigned)strtoul(arg, NULL, 10);
		return 0;
	case 'n':
		options->fleets = (unsigned)strtoul(arg, NULL, 10);
		return 0;
	case 'b':
		options->broken = arg;
		return 0;
	case 't':
		options->tells = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {.options = table, .parser = parse};
	struct options options = {.hours = 1};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
		return EXIT_FAILURE;
	if (options.broken)
		return find_breaks(strcmp(options.broken, "all") == 0 ? NULL : options.broken,
				   options.fleets ? options.fleets : 2000)
			       ? EXIT_SUCCESS
			       : EXIT_FAILURE;
	if (options.seconds || options.fleets)
		return run_long(&options);
	if (!options.has_seed && getenv("COVEY_TEST_LONG")) {
		options.seconds = LONG_SECONDS;
		return run_long(&options);
	}
	if (!options.has_seed)
		return run_short();
	options.members = options.members ? options.members : 3;
	return run_seed(&options);
}
