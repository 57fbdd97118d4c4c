/* SPDX-License-Identifier: BSD-3-Clause */

/* What goes wrong: made from a seed, and let happen. */

#include "fault.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gkm.h"
#include "host.h"
#include "member.h"
#include "rules.h"
#include "trust.h"

#define PROGRESS_US (SECOND_US / 100)

/* How often each kind comes, compared with the others, and for how long in seconds at most. */
static const struct {
	const char *name;
	unsigned weight;
	unsigned seconds;
} kinds[FAULT_KINDS] = {
	[FAULT_HOST_CRASH] = {"host-crash", 10, 0},
	[FAULT_HOST_REBOOT] = {"host-reboot", 5, 0},
	[FAULT_HOST_STOP] = {"host-stop", 5, 90},
	[FAULT_HOST_CUT] = {"host-cut", 12, 120},
	[FAULT_HOST_SLOW] = {"host-slow", 8, 120},
	[FAULT_HOST_LEAVE] = {"host-leave", 4, 60},
	[FAULT_HOST_LATE] = {"host-late", 0, 0},
	[FAULT_GKM_CRASH] = {"gkm-crash", 4, 0},
	[FAULT_GKM_REBOOT] = {"gkm-reboot", 2, 0},
	[FAULT_GKM_STOP] = {"gkm-stop", 2, 60},
	[FAULT_GKM_END] = {"gkm-end", 2, 0},
	[FAULT_GKM_CUT] = {"gkm-cut", 2, 90},
	[FAULT_GKM_MOVE] = {"gkm-move", 2, 0},
	[FAULT_STORE_CRASH] = {"store-crash", 4, 0},
	[FAULT_STORE_CRASH_OK] = {"store-crash-after", 4, 0},
	[FAULT_STORE_FAILS] = {"store-fails", 4, 0},
	[FAULT_STORE_LIES] = {"store-fails-late", 4, 0},
	[FAULT_STORE_STALLS] = {"store-stalls", 4, 20},
	[FAULT_STORE_OLD] = {"store-older", 1, 0},
	[FAULT_REKEY] = {"rekey", 12, 0},
	[FAULT_EVICT] = {"evict", 5, 300},
	[FAULT_REVOKE] = {"revoke", 3, 300},
	[FAULT_RENEW] = {"renew", 4, 0},
	[FAULT_MODE] = {"mode", 6, 0},
};

const char *fault_name(unsigned kind)
{
	return kinds[kind].name;
}

void fault_print(const struct fault *fault)
{
	printf("  %10.3f s  %-18s host %u, group %u, for %.3f s, %" PRIu32 "\n",
	       (double)fault->at_us / SECOND_US, fault_name(fault->kind), fault->host, fault->group,
	       (double)fault->for_us / SECOND_US, fault->chance);
}

/* --- a plan ---------------------------------------------------------------------------------- */

static unsigned choose_kind(uint64_t *chance, const struct plan *plan)
{
	unsigned sum = 0;
	uint64_t drawn;

	for (unsigned i = 0; i < FAULT_KINDS; i++)
		sum += kinds[i].weight;
	for (;;) {
		unsigned kind = 0;

		drawn = chance_below(chance, sum);
		while (drawn >= kinds[kind].weight)
			drawn -= kinds[kind++].weight;
		if (kind != FAULT_MODE || plan->modes)
			return kind;
	}
}

static struct fault choose(uint64_t *chance, const struct plan *plan)
{
	struct fault fault = {.kind = (uint8_t)choose_kind(chance, plan)};
	uint64_t most = kinds[fault.kind].seconds * SECOND_US;

	fault.at_us = chance_below(chance, plan->faults_end_us);
	fault.for_us = most ? SECOND_US / 10 + chance_below(chance, most) : 0;
	if (fault.at_us + fault.for_us > plan->faults_end_us)
		fault.for_us = plan->faults_end_us - fault.at_us;
	fault.host = (uint16_t)chance_below(chance, plan->hosts);
	fault.group = (uint8_t)chance_below(chance, plan->groups);
	fault.chance = (uint32_t)chance_draw(chance);
	return fault;
}

static int by_time(const void *a, const void *b)
{
	const struct fault *left = a, *right = b;

	return (left->at_us > right->at_us) - (left->at_us < right->at_us);
}

/* Some hosts come later, most of these at once. */
static void choose_late(uint64_t *chance, struct plan *plan)
{
	uint64_t at_us = chance_below(chance, plan->faults_end_us);
	uint64_t wave_us = SECOND_US / 10 + chance_below(chance, 20 * SECOND_US);

	if (chance_in_1000(chance, 500))
		return;
	for (unsigned i = 0; i < plan->hosts; i++)
		if (chance_in_1000(chance, 300))
			plan->faults[plan->count++] =
				(struct fault){.at_us = at_us + chance_below(chance, wave_us),
					       .host = (uint16_t)i,
					       .kind = FAULT_HOST_LATE};
}

static void choose_policy(uint64_t *chance, struct plan *plan)
{
	static const uint32_t intervals[] = {60, 300, 900, 3600};
	static const uint32_t delays[] = {2000, 20000, 200000, 1500000};
	static const uint32_t writes[] = {0, 5000, 100000, 2000000};

	plan->activation_s = 10;
	plan->drain_s = chance_in_1000(chance, 300) ? 5 : 30;
	plan->interval_s = intervals[chance_below(chance, 4)];
	plan->lifetime_s = chance_in_1000(chance, 200) ? 7200 : 86400;
	plan->on_join = chance_in_1000(chance, 600);
	plan->modes = chance_in_1000(chance, 300);
	plan->delay_us = delays[chance_below(chance, 4)];
	plan->store_us = writes[chance_below(chance, 4)];
}

struct plan *plan_new(uint64_t seed, unsigned hosts, unsigned hours)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	uint64_t chance = seed;
	size_t count;

	if (!plan)
		abort();
	plan->seed = seed;
	plan->hosts = hosts;
	plan->groups = (unsigned)(1 + chance_below(&chance, hosts > 50 ? 1 : GROUPS_MAX));
	plan->end_us = hours * 3600 * SECOND_US;
	plan->faults_end_us = plan->end_us - RETURN_US;
	choose_policy(&chance, plan);
	count = hours * (5 + chance_below(&chance, 150));
	plan->faults = calloc(count + hosts, sizeof(*plan->faults));
	if (!plan->faults)
		abort();
	while (plan->count < count)
		plan->faults[plan->count++] = choose(&chance, plan);
	choose_late(&chance, plan);
	qsort(plan->faults, plan->count, sizeof(*plan->faults), by_time);
	return plan;
}

void plan_free(struct plan *plan)
{
	free(plan->faults);
	free(plan);
}

/* --- what a fault does ------------------------------------------------------------------------ */

static void begin_process(struct process *process, const struct fault *fault)
{
	uint64_t until_us = process->fleet->now_us + fault->for_us;

	switch (fault->kind) {
	case FAULT_HOST_STOP:
	case FAULT_GKM_STOP:
		process->stopped_us = until_us;
		break;
	case FAULT_HOST_CUT:
	case FAULT_GKM_CUT:
		process->cut_us = until_us;
		break;
	case FAULT_HOST_SLOW:
		process->slow_us = until_us;
		process->slow_by = 2 + fault->chance % 50;
		break;
	default:
		if (fault->kind == FAULT_GKM_MOVE)
			process->fleet->gkm->place ^= 1;
		process_enter(process);
		process_crash(process,
			      fault->kind == FAULT_HOST_CRASH || fault->kind == FAULT_GKM_CRASH);
		process_leave(process);
	}
}

static void begin_host(struct task *task, struct host *host)
{
	struct covey_error error;

	process_enter(&host->process);
	switch (task->fault->kind) {
	case FAULT_HOST_LEAVE:
		member_leave(host->member, group_name_of(host->process.fleet, task->fault->group),
			     &error);
		break;
	case FAULT_RENEW:
		trust_renew(&host->process);
		rules_renewed(host);
		member_renewed(host->member);
		break;
	}
	process_leave(&host->process);
}

static void begin_disk(struct gkm *gkm, const struct fault *fault)
{
	unsigned times = 1 + fault->chance % 4;

	switch (fault->kind) {
	case FAULT_STORE_CRASH:
	case FAULT_STORE_CRASH_OK:
		gkm->disk.crash_in = times;
		gkm->disk.crash_after = fault->kind == FAULT_STORE_CRASH_OK;
		break;
	case FAULT_STORE_FAILS:
		gkm->disk.fails = times;
		break;
	case FAULT_STORE_LIES:
		gkm->disk.lies = times;
		break;
	case FAULT_STORE_STALLS:
		gkm->disk.stalls = times;
		gkm->disk.stall_us = fault->for_us / times;
		break;
	}
}

/* First it is kept; some time later the program ends, and begins with what was kept. */
static void put_back(struct gkm *gkm)
{
	struct fleet *fleet = gkm->process.fleet;

	process_enter(&gkm->process);
	process_crash(&gkm->process, true);
	process_leave(&gkm->process);
	disk_restore(&gkm->disk);
	tell("the state file of %" PRIu64 " ms is put back", gkm->disk.old_us / 1000);
	rules_older(fleet, gkm->disk.old_us, gkm->disk.old_spi);
}

/* Until the operator is told, nobody knows. */
static void change_eviction(struct task *task, bool evicts, int status)
{
	struct host *host = &task->fleet->hosts[task->fault->host];

	task->changes = status == -EINPROGRESS;
	task->evicts = evicts;
	task->start = task->fleet->gkm->starts;
	if (status == 0 && evicts)
		rules_evicted(host);
	else if (status == 0)
		rules_readmitted(host);
	else
		rules_doubtful(host);
	if (task->changes)
		timer_set(&task->timer, task->fleet->now_us + PROGRESS_US);
}

static void evict_one(struct task *task, struct gkm *gkm)
{
	change_eviction(task, true, gkm_evict(gkm, task->fault->host, &task->change));
}

/* What has become of it? Who is started anew has forgotten. */
static void ask_progress(struct task *task)
{
	struct gkm *gkm = task->fleet->gkm;

	if (!gkm->listens || gkm->starts != task->start) {
		task->changes = false;
		return;
	}
	process_enter(&gkm->process);
	change_eviction(task, task->evicts, gkm_progress(gkm, task->change));
	process_leave(&gkm->process);
}

static void begin_gkm(struct task *task, struct gkm *gkm)
{
	const struct fault *fault = task->fault;
	struct host *host = &gkm->process.fleet->hosts[fault->host];

	process_enter(&gkm->process);
	switch (fault->kind) {
	case FAULT_GKM_END:
		gkm_stop(gkm);
		break;
	case FAULT_REKEY:
		gkm_rekey(gkm, fault->group);
		break;
	case FAULT_EVICT:
		evict_one(task, gkm);
		break;
	case FAULT_REVOKE:
		trust_revoke(&host->process);
		gkm_read_lists(gkm);
		rules_revoked(host);
		break;
	case FAULT_MODE:
		gkm_mode(gkm, fault->group, fault->chance);
		break;
	}
	process_leave(&gkm->process);
}

/* --- and what ends it ------------------------------------------------------------------------- */

static void end(struct task *task)
{
	struct fleet *fleet = task->fleet;
	struct host *host = &fleet->hosts[task->fault->host];
	struct covey_error error;

	switch (task->fault->kind) {
	case FAULT_HOST_LEAVE:
		process_enter(&host->process);
		if (host->process.runs)
			member_join(host->member, group_name_of(fleet, task->fault->group), &error);
		process_leave(&host->process);
		break;
	case FAULT_EVICT:
		process_enter(&fleet->gkm->process);
		if (!fleet->gkm->listens)
			timer_set(&task->timer, fleet->now_us + SECOND_US);
		else
			change_eviction(task, false,
					gkm_readmit(fleet->gkm, host->number, &task->change));
		process_leave(&fleet->gkm->process);
		break;
	case FAULT_REVOKE:
		trust_renew(&host->process);
		rules_renewed(host);
		process_enter(&host->process);
		if (host->process.runs)
			member_renewed(host->member);
		process_leave(&host->process);
		break;
	case FAULT_STORE_OLD:
		put_back(fleet->gkm);
		break;
	}
}

static void note(struct task *task)
{
	task->fleet->injected[task->fault->kind]++;
	task->began = true;
	if (task->fleet->tells)
		tell("FAULT %s host %u group %u", fault_name(task->fault->kind), task->fault->host,
		     task->fault->group);
}

static void begin(struct task *task)
{
	struct fleet *fleet = task->fleet;
	const struct fault *fault = task->fault;
	struct host *host = &fleet->hosts[fault->host];
	struct gkm *gkm = fleet->gkm;
	bool of_host = fault->kind <= FAULT_HOST_LATE || fault->kind == FAULT_RENEW;
	struct process *process = of_host ? &host->process : &gkm->process;

	/* Who is not there, or is stopped, cannot do anything. */
	if (fault->kind == FAULT_HOST_LATE || !process->runs || (!of_host && !gkm->listens) ||
	    process->stopped_us > fleet->now_us)
		return;
	note(task);
	if (fault->kind == FAULT_HOST_LEAVE || fault->kind == FAULT_RENEW)
		begin_host(task, host);
	else if (fault->kind < FAULT_GKM_END || fault->kind == FAULT_GKM_CUT ||
		 fault->kind == FAULT_GKM_MOVE)
		begin_process(process, fault);
	else if (fault->kind == FAULT_STORE_OLD)
		disk_copy(&gkm->disk, gkm->store, fleet->now_us);
	else if (fault->kind >= FAULT_STORE_CRASH && fault->kind <= FAULT_STORE_STALLS)
		begin_disk(gkm, fault);
	else
		begin_gkm(task, gkm);
}

static uint64_t ends_us(const struct task *task)
{
	const struct fault *fault = task->fault;

	switch (fault->kind) {
	case FAULT_HOST_LEAVE:
	case FAULT_REVOKE:
	case FAULT_EVICT:
		return fault->at_us + fault->for_us;
	case FAULT_STORE_OLD:
		return fault->at_us + fault->chance % (120 * SECOND_US);
	default:
		return 0;
	}
}

static void on_task(struct timer *timer)
{
	struct task *task = timer->arg;
	uint64_t at_us = ends_us(task);

	if (task->changes) {
		ask_progress(task);
	} else if (task->began) {
		task->ended = true;
		end(task);
	} else {
		begin(task);
	}
	if (task->began && !task->ended && !task->changes && at_us)
		timer_set(timer, at_us < task->fleet->plan->faults_end_us
					 ? at_us
					 : task->fleet->plan->faults_end_us - 1);
}

void task_init(struct task *task, struct fleet *fleet, const struct fault *fault)
{
	*task = (struct task){
		.fleet = fleet, .fault = fault, .timer = {.fire = on_task, .arg = task}};
	timer_set(&task->timer, fault->at_us);
}
