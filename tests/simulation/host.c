/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "instance_file.h"
#include "loop.h"
#include "member_private.h"
#include "rules.h"
#include "trust.h"
#include "wire.h"

/* --- what is on its disk ------------------------------------------------------------------- */

int instance_file_swap(const char *path, uint64_t instance, uint64_t *ret_previous,
		       struct covey_error *error)
{
	struct host *host = host_of(process_now);

	*ret_previous = host->instance;
	host->instance = instance;
	return 0;
}

/* Until the key manager says another one, the mode is as it was. */
static void first_mode(void *arg, const char *group, struct member_mode_first *ret_first)
{
	const struct host *host = arg;

	for (unsigned i = 0; i < host->process.fleet->plan->groups; i++) {
		const struct kept_mode *kept = &host->kept[i];

		if (strcmp(group, group_name_of(host->process.fleet, i)) == 0)
			*ret_first = (struct member_mode_first){.mode = kept->mode,
								.then = kept->then,
								.then_at = kept->then_at,
								.between_ms = kept->between_ms};
	}
}

/* Guard and dataplane are told, and the file for the next start is written. */
static int put_modes(void *arg, struct covey_error *error)
{
	struct host *host = arg;

	if (host->process.dead)
		return 0;
	for (unsigned i = 0; i < host->process.fleet->plan->groups; i++) {
		const struct membership *group = host_membership(host, i);

		if (!group)
			continue;
		if (breakage != BREAK_CLEAR || group->mode.mode < host->plane.groups[i].mode)
			host->plane.groups[i].mode = group->mode.mode;
		host->kept[i] = (struct kept_mode){.mode = group->mode.goal,
						   .then = group->mode.then,
						   .then_at = group->mode.then_at,
						   .between_ms = group->mode.between_ms};
	}
	return 0;
}

/* Of a host that was restarted with its machine nothing counts. */
static void forget_modes(struct host *host)
{
	const struct fleet *fleet = host->process.fleet;

	for (unsigned i = 0; i < fleet->plan->groups; i++)
		host->kept[i] = (struct kept_mode){.mode = fleet->inventory->groups[i].mode,
						   .then = COVEY_MODE_ENFORCE,
						   .then_at = MEMBER_MODE_NEVER};
}

/* --- start and end ------------------------------------------------------------------------- */

static void take_away(struct host *host)
{
	member_free(host->member);
	host->member = NULL;
	plane_clear(&host->plane);
	trust_free(host->tls);
	host->tls = NULL;
	loop_base_free(host->base);
	host->base = NULL;
	host->process.runs = false;
}

static void bury(struct process *process)
{
	struct host *host = host_of(process);
	uint64_t wait_us = process->powered ? SECOND_US : 20 * SECOND_US;

	tell("%s is gone", process->name);
	take_away(host);
	if (!process->powered)
		forget_modes(host);
	process->dead = false;
	process->stopped_us = 0;
	rules_host_gone(host);
	host_start_at(host, process->fleet->now_us + wait_us +
				    chance_below(&process->luck, 5 * SECOND_US));
}

static void on_start(struct timer *timer)
{
	struct host *host = timer->arg;
	const struct fleet *fleet = host->process.fleet;
	struct member_config config = {
		.gkm_port = fleet->inventory->gkm_port,
		.gkms = &fleet->inventory->gkms,
		.vtep = fleet->inventory->hosts[host->number].vtep,
		.ops = &plane_ops,
		.dataplane = &host->plane,
		.modes = put_modes,
		.first_mode = first_mode,
		.arg = host,
	};
	struct covey_error error;

	host->process.powered = host->process.runs = true;
	host->started_us = fleet->now_us;
	process_enter(&host->process);
	tell("%s starts", host->process.name);
	config.base = host->base = loop_base_new(&host->process);
	config.tls = host->tls = trust_new(&host->process);
	if (member_new(&config, &host->member, &error) < 0)
		abort();
	member_keep_instance(host->member, "");
	for (unsigned i = 0; i < fleet->plan->groups; i++)
		if (member_join(host->member, group_name_of(fleet, i), &error) < 0)
			abort();
	member_start(host->member);
	process_leave(&host->process);
}

void host_start_at(struct host *host, uint64_t at_us)
{
	timer_set(&host->start, at_us);
}

void host_init(struct host *host, struct fleet *fleet, unsigned number)
{
	*host = (struct host){
		.process = {.fleet = fleet, .bury = bury},
		.number = number,
		.serial = 1,
		.start = {.fire = on_start, .arg = host},
	};
	snprintf(host->process.name, sizeof(host->process.name), "%s",
		 fleet->inventory->hosts[number].name);
	host->plane.host = host;
	forget_modes(host);
	for (unsigned i = 0; i < fleet->plan->groups; i++)
		host->plane.groups[i].mode = COVEY_MODE_ENFORCE;
}

void host_free(struct host *host)
{
	if (host->process.runs)
		take_away(host);
	timer_unset(&host->start);
}

struct host *host_of(const struct process *process)
{
	return process->is_gkm ? NULL : (struct host *)process;
}

struct membership *host_membership(const struct host *host, unsigned group)
{
	return host->member ? member_state_find(host->member->state,
						group_name_of(host->process.fleet, group))
			    : NULL;
}

bool host_is_connected(const struct host *host)
{
	const struct member *member = host->member;

	return member && !host->process.dead && member->channel && !member->next.channel &&
	       wire_is_whole(member->channel);
}

const char *group_name_of(const struct fleet *fleet, unsigned group)
{
	return fleet->inventory->groups[group].name;
}
