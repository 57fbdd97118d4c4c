/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "evictions.h"
#include "loop.h"
#include "revoked_hosts.h"
#include "rules.h"
#include "session.h"
#include "trust.h"

/* --- start and end ------------------------------------------------------------------------- */

/* As main() does it. */
static int start(struct gkm *gkm, struct covey_error *error)
{
	int status;

	gkm->base = loop_base_new(&gkm->process);
	gkm->tls = trust_new(&gkm->process);
	status = faulty_store_open(&gkm->disk, &gkm->process, &gkm->store, error);
	if (status < 0)
		return status;
	gkm->manager =
		(struct manager){.base = gkm->base,
				 .inventory = gkm->process.fleet->inventory,
				 .address = gkm->process.fleet->inventory->gkms.list[gkm->place],
				 .store = gkm->store,
				 .tls = gkm->tls,
				 .session_max = COVEY_SESSIONS_MAX};
	status = manager_init(&gkm->manager, error);
	if (status == 0)
		status = evictions_load(&gkm->manager, error);
	if (status == 0)
		status = revoked_hosts_open(&gkm->manager, "", false, &gkm->manager.revoked_hosts,
					    error);
	return status;
}

static void take_away(struct gkm *gkm)
{
	gkm->listens = false;
	revoked_hosts_close(gkm->manager.revoked_hosts);
	if (gkm->manager.base)
		manager_free(&gkm->manager);
	store_close(gkm->store);
	gkm->manager = (struct manager){0};
	gkm->store = NULL;
	trust_free(gkm->tls);
	gkm->tls = NULL;
	loop_base_free(gkm->base);
	gkm->base = NULL;
	gkm->process.runs = false;
}

/* systemd starts it again. */
static void start_again(struct gkm *gkm, uint64_t wait_us)
{
	if (gkm->start.slot == 0)
		timer_set(&gkm->start, gkm->process.fleet->now_us + wait_us);
}

static void bury(struct process *process)
{
	struct gkm *gkm = (struct gkm *)process;
	uint64_t wait_us = process->powered ? SECOND_US : 20 * SECOND_US;

	tell("%s is gone", process->name);
	take_away(gkm);
	process->dead = false;
	process->stopped_us = 0;
	rules_gkm_gone(process->fleet);
	start_again(gkm, wait_us + chance_below(&process->luck, 5 * SECOND_US));
}

static void on_start(struct timer *timer)
{
	struct gkm *gkm = timer->arg;
	struct covey_error error = {.text = ""};
	int status;

	gkm->starts++;
	gkm->key_chance = 1;
	gkm->process.powered = gkm->process.runs = true;
	process_enter(&gkm->process);
	status = start(gkm, &error);
	tell("%s starts: %s", gkm->process.name, status < 0 ? error.text : "");
	if (status == 0 && !gkm->process.dead)
		gkm->listens = true;
	else
		process_crash(&gkm->process, true);
	process_leave(&gkm->process);
}

void gkm_start_at(struct gkm *gkm, uint64_t at_us)
{
	timer_set(&gkm->start, at_us);
}

void gkm_init(struct gkm *gkm, struct fleet *fleet)
{
	*gkm = (struct gkm){
		.process = {.fleet = fleet, .name = "gkm", .is_gkm = true, .bury = bury},
		.start = {.fire = on_start, .arg = gkm},
	};
	snprintf(gkm->disk.path, sizeof(gkm->disk.path), "%s/covey-simulation.%d",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
	disk_remove(&gkm->disk);
}

void gkm_free(struct gkm *gkm)
{
	if (gkm->process.runs)
		take_away(gkm);
	timer_unset(&gkm->start);
	disk_remove(&gkm->disk);
	free(gkm->disk.old);
}

/* --- from outside -------------------------------------------------------------------------- */

void gkm_accept(struct gkm *gkm)
{
	struct covey_error error;

	if (gkm->listens)
		session_accept(&gkm->manager.sessions, -1, &error);
}

bool gkm_is_at(const struct gkm *gkm, const struct covey_addr *address)
{
	return covey_addr_equal(&gkm->process.fleet->inventory->gkms.list[gkm->place], address);
}

struct process *gkm_process(struct gkm *gkm)
{
	return &gkm->process;
}

uint64_t *gkm_key_chance(struct gkm *gkm)
{
	return &gkm->key_chance;
}

void gkm_stop(struct gkm *gkm)
{
	gkm->listens = false;
	manager_stop(&gkm->manager);
}

/* Its loop is over: it ends, and is started again. */
void loop_broken(struct process *process)
{
	process_crash(process, true);
}

/* --- the operator -------------------------------------------------------------------------- */

static int told(const struct gkm *gkm, int status, uint64_t change)
{
	if (gkm->process.dead)
		return -EIO;
	return status == 0 && change ? -EINPROGRESS : status;
}

int gkm_evict(struct gkm *gkm, unsigned host, uint64_t *ret_change)
{
	struct covey_error error = {.text = ""};
	int status = evict(&gkm->manager, host, NULL, ret_change, &error);

	tell("evict %s: %s", gkm->process.fleet->inventory->hosts[host].name,
	     status < 0 ? error.text : "begun");
	return told(gkm, status, *ret_change);
}

int gkm_readmit(struct gkm *gkm, unsigned host, uint64_t *ret_change)
{
	struct covey_error error = {.text = ""};
	int status = readmit(&gkm->manager, host, NULL, ret_change, &error);

	tell("readmit %s: %s", gkm->process.fleet->inventory->hosts[host].name,
	     status < 0 ? error.text : "begun");
	return told(gkm, status, *ret_change);
}

int gkm_progress(struct gkm *gkm, uint64_t change)
{
	struct covey_error error;
	int status = evictions_progress(&gkm->manager, change, &error);

	if (status != -EINPROGRESS)
		evictions_forget(&gkm->manager, change);
	return status;
}

void gkm_rekey(struct gkm *gkm, unsigned group)
{
	struct realm *realm = &gkm->manager.realms[group];

	rekey_want(realm->served.group, REKEY_OPERATOR, clock_ms());
	realm_wake(realm);
}

/* As mode_answers.c does it. */
void gkm_mode(struct gkm *gkm, unsigned group, uint32_t chance)
{
	static const uint64_t times[] = {0, 0, 60, 300};
	struct realm *realm = &gkm->manager.realms[group];
	struct mode_request request = {.mode = (enum covey_mode)(1 + chance % 3)};
	enum mode_verdict verdict;

	if (request.mode != COVEY_MODE_ENFORCE && chance / 3 % 2)
		request.for_s = times[chance / 6 % 4];
	else
		request.confirm_s = times[chance / 6 % 4];
	verdict = mode_change(realm->served.group, &request, clock_ms());
	tell("mode %s of group %u: verdict %d", covey_mode_name(request.mode), group, verdict);
	realm_wake(realm);
}

void gkm_read_lists(struct gkm *gkm)
{
	revoked_hosts_reload(gkm->manager.revoked_hosts);
}

struct group *gkm_group(const struct gkm *gkm, unsigned group)
{
	return gkm->listens && !gkm->process.dead ? gkm->manager.realms[group].served.group : NULL;
}
