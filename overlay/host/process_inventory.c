/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The inventory changes while covey-host runs. Which VNIs a group has, the key manager says; what
 * is taken over here is which groups this host joins, where the others are, what the guard knows,
 * and the traffic classes.
 */

#include <dataplane.h>
#include <errno.h>
#include <inventory_watch.h>
#include <log.h>
#include <string.h>

#include "member.h"
#include "path_mtu.h"
#include "process.h"
#include "protection.h"
#include "startup.h"

/* The names of our interfaces become the kernel's own, as they did at the start. */
static int check(struct inventory *fresh, void *arg, struct covey_error *error)
{
	const struct process *process = arg;
	const struct inventory_host *self = inventory_find_host(fresh, process->self->name);

	if (!self)
		return covey_error_set(error, -ENOENT,
				       "%s has no host %s, which this is: add it, or stop "
				       "covey-host here",
				       process->options.daemon.inventory, process->self->name);
	return startup_resolve_interfaces(fresh, self, error);
}

/* --- groups ----------------------------------------------------------------------------------- */

static bool was_member(const struct inventory *before, const char *name, size_t host)
{
	const struct inventory_group *group = inventory_find_group(before, name);

	for (size_t i = 0; group && i < group->member_count; i++)
		if (group->members[i].host == host && !group->members[i].gone)
			return true;
	return false;
}

/* Who has joined or left by hand is not asked again for what has not changed. joins: only what is
 * joined, else only what is left. */
static int follow_group(const struct process *process, const struct inventory_group *group,
			const struct inventory *before, bool joins, struct covey_error *error)
{
	size_t own = (size_t)(process->self - process->inventory->hosts);
	bool was = group->gone || was_member(before, group->name, own);
	bool is = !group->gone && inventory_find_member(process->inventory, group, process->self);
	struct covey_error reason;

	if (is && !was)
		return joins ? member_join_later(process->member, group->name, error) : 0;
	/* It may have left by hand already. */
	if (was && !is && !joins && member_leave(process->member, group->name, &reason) < 0)
		log_debug("%s", reason.text);
	return 0;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int follow_qos_map(struct process *process, struct covey_error *error)
{
	int status = dataplane_set_classes(process->dataplane, process->inventory->class_by_dscp);

	return status ? covey_error_set(error, status,
					"covey_qos_map has so many classes now that there are "
					"fewer paths for each: restart covey-host")
		      : 0;
}

static void note(int status, const struct covey_error *error, int *first,
		 struct covey_error *ret_error)
{
	if (status >= 0 || *first < 0)
		return;
	*first = status;
	*ret_error = *error;
}

static int follow(struct process *process, const struct inventory_change *change,
		  const struct inventory *before, bool joins, struct covey_error *error)
{
	switch (change->kind) {
	case INVENTORY_GKMS:
		if (joins)
			member_set_gkms(process->member, &process->inventory->gkms);
		return 0;
	case INVENTORY_GROUP_ADDED:
	case INVENTORY_GROUP_REMOVED:
	case INVENTORY_GROUP_MEMBERS:
		return follow_group(process, &process->inventory->groups[change->group], before,
				    joins, error);
	default:
		return 0;
	}
}

/* The old list of VNIs is freed after this. What would let packets pass in clear comes first. */
static int taken(const struct inventory_changes *changes, const struct inventory *before, void *arg,
		 struct covey_error *error)
{
	struct process *process = arg;
	struct covey_error reason;
	int status = 0;

	dataplane_set_vnis(process->dataplane, process->inventory->vnis,
			   process->inventory->vnis_count);
	protection_follow(process->protection, changes->count > 0);
	/* Also unchanged: it may have been refused the last time. */
	note(follow_qos_map(process, &reason), &reason, &status, error);
	note(process_put_modes(process, &reason), &reason, &status, error);
	/* Those that are left make room for those that are joined. */
	for (size_t i = 0; i < 2 * changes->count; i++)
		note(follow(process, &changes->list[i % changes->count], before,
			    i >= changes->count, &reason),
		     &reason, &status, error);
	member_inventory_changed(process->member);
	if (process->paths) {
		path_mtu_follow(process->paths);
		path_mtu_wake(process->paths);
	}
	return status;
}

/* What the key manager alone uses is its affair. */
static bool concerns(const struct inventory_change *change)
{
	return change->kind != INVENTORY_GROUP_KEPT &&
	       strcmp(change->variable, "covey_gkm_metrics") != 0;
}

int process_watch_inventory(struct process *process, struct covey_error *error)
{
	const struct inventory_watch_config config = {
		.base = process->base,
		.path = process->options.daemon.inventory,
		.stamp = &process->inventory_stamp,
		.program = "covey-host",
		.inventory = process->inventory,
		.self = process->self,
		.check = check,
		.taken = taken,
		.concerns = concerns,
		.arg = process,
	};

	return inventory_watch_new(&config, &process->inventory_watch, error);
}

void process_unwatch_inventory(struct process *process)
{
	inventory_watch_free(process->inventory_watch);
}
