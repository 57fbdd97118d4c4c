/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_inventory.h"

#include <clock.h>
#include <errno.h>
#include <inventory.h>
#include <inventory_watch.h>
#include <log.h>
#include <stdlib.h>
#include <string.h>

#include "first_clear.h"
#include "guard_clear.h"
#include "guard_deadlines.h"
#include "guard_watch.h"

/* How often to see whether covey-host still runs, as long as something is to be put in force. */
#define LOOK_MS 1000u

struct guard_inventory {
	struct guard_inventory_config config;
	struct inventory_watch *file;
	struct event *again;
	bool gone;               /* the inventory last read has not this host any more */
	bool pending;            /* what has changed is not in force */
	struct covey_error said; /* what was logged last, and is still so; empty: nothing */
};

/* Of other groups' VNIs, or without this host, nothing passes in clear any more. What is given to a
 * group again does not open by that, but it does by a deadline that has passed: guard_deadlines.c
 * looks at that all the time. */
static int close_clear(const struct guard_inventory *inventory, struct covey_error *error)
{
	const struct guard_inventory_config *config = &inventory->config;
	struct guard_status guard;
	struct guard_clear clear = {0};
	int status;

	if (inventory->gone)
		return guard_watch_set_clear(config->watch, &clear, error);
	guard_watch_last(config->watch, &guard);
	if (guard_clear_copy(guard.clear, &clear))
		return covey_error_set(error, -ENOMEM, "out of memory");
	status = first_clear_keep_own(config->inventory, config->self, &clear, error);
	if (status == 0)
		status = guard_watch_set_clear(config->watch, &clear, error);
	guard_clear_free(&clear);
	return status;
}

static void put_in_force(struct guard_inventory *inventory)
{
	const struct guard_inventory_config *config = &inventory->config;
	const struct timeval rest = clock_timeval(LOOK_MS);
	struct covey_error error = {.text = ""};
	struct guard_status guard;

	if (!inventory->pending)
		return;
	if (guard_deadlines_host_runs(config->socket)) {
		event_add(inventory->again, &rest);
		return;
	}
	/* What a covey-host that has died has changed last comes first. */
	guard_watch_read(config->watch, &guard);
	guard_watch_set_inventory(config->watch, config->inventory->vnis,
				  config->inventory->vnis_count, true);
	inventory->pending = close_clear(inventory, &error) != 0;
	if (inventory->pending)
		event_add(inventory->again, &rest);
	if (inventory->pending && strcmp(inventory->said.text, error.text) != 0)
		log_error("guard: VNIs that the inventory has not any more still pass in clear: "
			  "%s; trying again",
			  error.text);
	inventory->said = error;
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	put_in_force(arg);
}

/* --- the file --------------------------------------------------------------------------------- */

static void set_gone(struct guard_inventory *inventory, bool gone)
{
	inventory->gone = gone;
	inventory->pending |= gone;
	guard_deadlines_hold(inventory->config.deadlines, gone);
}

/* An inventory without this host is not taken over, and yet it closes. */
static int check(struct inventory *fresh, void *arg, struct covey_error *error)
{
	struct guard_inventory *inventory = arg;
	const char *name = inventory->config.self->name;

	set_gone(inventory, inventory_find_host(fresh, name) == NULL);
	if (!inventory->gone)
		return 0;
	put_in_force(inventory);
	return covey_error_set(error, -ENOENT,
			       "%s has no host %s, which this is: add it, or stop "
			       "covey-guard.service here; until then no VXLAN passes in clear "
			       "while covey-host does not run",
			       inventory->config.path, name);
}

/* The old list of VNIs is freed after this. */
static int taken(const struct inventory_changes *changes, const struct inventory *before, void *arg,
		 struct covey_error *error)
{
	struct guard_inventory *inventory = arg;
	const struct guard_inventory_config *config = &inventory->config;

	guard_watch_set_inventory(config->watch, config->inventory->vnis,
				  config->inventory->vnis_count, false);
	inventory->pending |= changes->count > 0;
	put_in_force(inventory);
	return 0;
}

/* What the guard does not use is covey-host's affair. */
static bool concerns(const struct inventory_change *change)
{
	static const char *const used[] = {
		"covey_vpe_port",       "covey_vpe_protocol", "covey_vxlan_port",
		"covey_encapsulations", "covey_vtep",         "covey_fabric_interface",
		"covey_host_interface", "covey_fabric_port",  "covey_foreign_vxlan",
		"covey_weak_guard",     "covey_mark_bit",     "covey_vxlan_elsewhere",
	};

	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
		if (strcmp(change->variable, used[i]) == 0)
			return true;
	return false;
}

/* --- life ------------------------------------------------------------------------------------- */

int guard_inventory_new(const struct guard_inventory_config *config,
			struct guard_inventory **ret_inventory, struct covey_error *error)
{
	struct guard_inventory *inventory = calloc(1, sizeof(*inventory));
	const struct inventory_watch_config file = {
		.base = config->base,
		.path = config->path,
		.stamp = config->stamp,
		.program = "covey-guard.service",
		.inventory = config->inventory,
		.self = config->self,
		.check = check,
		.taken = taken,
		.concerns = concerns,
		.arg = inventory,
	};
	int status;

	if (inventory)
		inventory->again = evtimer_new(config->base, on_again, inventory);
	if (!inventory || !inventory->again) {
		free(inventory);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	inventory->config = *config;
	status = inventory_watch_new(&file, &inventory->file, error);
	if (status) {
		guard_inventory_free(inventory);
		return status;
	}
	*ret_inventory = inventory;
	return 0;
}

void guard_inventory_free(struct guard_inventory *inventory)
{
	if (!inventory)
		return;
	inventory_watch_free(inventory->file);
	event_free(inventory->again);
	free(inventory);
}

void guard_inventory_reload(struct guard_inventory *inventory)
{
	inventory_watch_reload(inventory->file);
}
