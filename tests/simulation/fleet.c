/* SPDX-License-Identifier: BSD-3-Clause */

/* One run: a fleet from its first start to the time when all must be well. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "gkm.h"
#include "host.h"
#include "log.h"
#include "rules.h"
#include "update.h"
#include "wire.h"

#define LOOK_US                  SECOND_US
#define CLOCK_PPM                200 /* how wrong a clock may be */
#define INVENTORY_BYTES_PER_HOST 64

struct fleet *fleet_now;

/* --- what is told ---------------------------------------------------------------------------- */

void violate(const char *format, ...)
{
	va_list args;

	if (fleet_now->violation[0])
		return;
	va_start(args, format);
	vsnprintf(fleet_now->violation, sizeof(fleet_now->violation), format, args);
	va_end(args);
	tell("VIOLATION %s", fleet_now->violation);
}

bool same_rule(const char *a, const char *b)
{
	size_t len = strcspn(a, ":");

	return strcspn(b, ":") == len && strncmp(a, b, len) == 0;
}

static void print_line(const char *who, const char *format, va_list args)
{
	printf("%12.6f %-6s ", (double)fleet_now->now_us / SECOND_US, who);
	vprintf(format, args);
	putchar('\n');
}

void tell(const char *format, ...)
{
	va_list args;

	if (!fleet_now->tells)
		return;
	va_start(args, format);
	print_line("", format, args);
	va_end(args);
}

bool log_takes(enum log_level level)
{
	return fleet_now->tells && level < LOG_LEVEL_DEBUG;
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list args;

	if (!log_takes(level))
		return;
	va_start(args, format);
	print_line(process_now ? process_now->name : "", format, args);
	va_end(args);
}

/* FNV-1a, by words. */
void fleet_note(uint64_t a, uint64_t b)
{
	uint64_t words[] = {fleet_now->now_us, a, b};

	for (size_t i = 0; i < 3; i++)
		fleet_now->digest = (fleet_now->digest ^ words[i]) * UINT64_C(0x100000001b3);
}

/* --- the inventory --------------------------------------------------------------------------- */

static void print_groups(FILE *out, const struct plan *plan)
{
	fputs("    covey_groups:\n", out);
	for (unsigned i = 0; i < plan->groups; i++)
		fprintf(out,
			"      g%u:\n        vnis: [%u]\n        members: [all]\n"
			"        mode: %s\n"
			"        rekey: {interval: %us, activation_delay: %us, drain_delay: %us, "
			"hard_lifetime: %us, on_join: %s}\n",
			i, 100 + i, plan_observes(plan, i) ? "observe" : "enforce",
			plan->interval_s, plan->activation_s, plan->drain_s, plan->lifetime_s,
			plan->on_join ? "true" : "false");
}

static struct inventory *make_inventory(const struct plan *plan)
{
	struct diagnostics diagnostics;
	struct inventory *inventory;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	fputs("all:\n  vars:\n    covey_fabric: f\n    covey_gkm: [10.255.0.1, 10.255.0.2]\n", out);
	print_groups(out, plan);
	fputs("  hosts:\n", out);
	for (unsigned i = 0; i < plan->hosts; i++)
		fprintf(out, "    h%u: {covey_vtep: 10.0.%u.%u}\n", i, i / 250, 1 + i % 250);
	fclose(out);
	diagnostics_init(&diagnostics);
	if (inventory_parse("simulation", text, len, &diagnostics, &inventory) < 0) {
		diagnostics_print(&diagnostics, stderr);
		abort();
	}
	diagnostics_free(&diagnostics);
	free(text);
	if (inventory_make_room(inventory) < 0)
		abort();
	return inventory;
}

/* --- life ------------------------------------------------------------------------------------ */

static void set_clock(struct process *process, uint64_t *chance)
{
	process->chance = chance_draw(chance);
	process->luck = chance_draw(chance);
	process->fast_ppm = (int32_t)chance_below(chance, 2 * CLOCK_PPM + 1) - CLOCK_PPM;
	process->ahead_us = SECOND_US * (1 + chance_below(chance, 1000000));
}

/* When a host is switched on for the first time. */
static uint64_t first_start(const struct plan *plan, unsigned host, uint64_t *chance)
{
	uint64_t at_us = chance_below(chance, 10 * SECOND_US);

	for (size_t i = 0; i < plan->count; i++)
		if (plan->faults[i].kind == FAULT_HOST_LATE && plan->faults[i].host == host)
			at_us = plan->faults[i].at_us;
	return at_us;
}

static void fleet_begin(struct fleet *fleet, const struct plan *plan, struct task *tasks)
{
	fleet_now = fleet;
	fleet->plan = plan;
	fleet->chance = ~plan->seed;
	fleet->digest = UINT64_C(0xcbf29ce484222325);
	fleet->inventory = make_inventory(plan);
	fleet->rules = rules_new(plan);
	fleet->gkm = calloc(1, sizeof(*fleet->gkm));
	fleet->hosts = calloc(plan->hosts, sizeof(*fleet->hosts));
	if (!fleet->gkm || !fleet->hosts)
		abort();
	gkm_init(fleet->gkm, fleet);
	set_clock(&fleet->gkm->process, &fleet->chance);
	gkm_start_at(fleet->gkm, 0);
	for (unsigned i = 0; i < plan->hosts; i++) {
		host_init(&fleet->hosts[i], fleet, i);
		set_clock(&fleet->hosts[i].process, &fleet->chance);
		host_start_at(&fleet->hosts[i], first_start(plan, i, &fleet->chance));
	}
	for (size_t i = 0; i < plan->count; i++)
		task_init(&tasks[i], fleet, &plan->faults[i]);
}

static void fleet_end(struct fleet *fleet)
{
	for (unsigned i = 0; i < fleet->plan->hosts; i++)
		host_free(&fleet->hosts[i]);
	gkm_free(fleet->gkm);
	wire_forget();
	rules_free(fleet->rules);
	inventory_free(fleet->inventory);
	free(fleet->hosts);
	free(fleet->gkm);
	free(fleet->heap);
}

/* What lasts would last for ever. */
static void be_calm(struct fleet *fleet)
{
	struct disk *disk = &fleet->gkm->disk;

	fleet->calm = true;
	fleet->calm_us = fleet->now_us;
	disk->crash_in = disk->fails = disk->lies = disk->stalls = 0;
	tell("no more faults");
}

/* Each second of virtual time. */
static void look(struct fleet *fleet)
{
	rules_check_all(fleet);
	if (!fleet->calm && fleet->now_us >= fleet->plan->faults_end_us)
		be_calm(fleet);
	if (fleet->calm && !fleet->agreed_us && rules_all_on_one(fleet))
		fleet->agreed_us = fleet->now_us;
}

static void run(struct fleet *fleet)
{
	const struct plan *plan = fleet->plan;

	for (uint64_t next = LOOK_US; next <= plan->end_us && !fleet->violation[0];
	     next += LOOK_US) {
		while (!fleet->violation[0] && loop_step(fleet, next))
			rules_check(fleet);
		fleet->now_us = next;
		look(fleet);
	}
	if (!fleet->violation[0] && !fleet->agreed_us)
		violate("return: %" PRIu64 " s after the last fault not all are on one SA",
			RETURN_US / SECOND_US);
}

void fleet_run(const struct plan *plan, bool tells, struct result *ret_result)
{
	struct fleet fleet = {.tells = tells};
	struct task *tasks = calloc(plan->count + 1, sizeof(*tasks));

	if (!tasks)
		abort();
	fleet_begin(&fleet, plan, tasks);
	run(&fleet);
	*ret_result = (struct result){.events = fleet.events,
				      .digest = fleet.digest,
				      .took_us = fleet.now_us,
				      .settled_us = fleet.agreed_us - fleet.calm_us};
	memcpy(ret_result->injected, fleet.injected, sizeof(fleet.injected));
	memcpy(ret_result->violation, fleet.violation, sizeof(fleet.violation));
	fleet_end(&fleet);
	free(tasks);
	fleet_now = NULL;
}
