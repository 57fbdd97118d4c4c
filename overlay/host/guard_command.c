/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_command.h"

#include <clock.h>
#include <errno.h>
#include <event2/event.h>
#include <inventory.h>
#include <log.h>
#include <net/if.h>
#include <signal.h>

#include "first_clear.h"
#include "guard.h"
#include "guard_config.h"
#include "guard_deadlines.h"
#include "guard_inventory.h"
#include "guard_looks.h"
#include "guard_watch.h"
#include "installed_guard.h"
#include "link_name.h"
#include "notify.h"
#include "other_host.h"
#include "vxlan_watch.h"

static bool is_af_packet(const struct inventory_host *self)
{
	return self->fabric_port == FABRIC_PORT_AF_PACKET;
}

/* Only where the kernel keeps its interfaces, VNIs pass the guard in clear. */
static bool has_clear(const struct inventory_host *self)
{
	return self->fabric_port == FABRIC_PORT_KERNEL;
}

/* A covey-host that runs puts its own rules in the place of these, but only so often in a second.
 */
static int insist(const struct guard_config *config, struct guard_standing *ret_standing,
		  struct covey_error *error)
{
	uint64_t deadline = clock_ms() + GUARD_START_MS;
	int status;

	do {
		status = guard_up(config, NULL, ret_standing, error);
	} while (status == -EAGAIN && clock_ms() < deadline);
	return status;
}

/* Put it up. guard: what it shall be; its own interface is found here. */
static int put_up(const struct inventory *inventory, const struct inventory_host *self,
		  struct installed_guard *guard, struct covey_error *error)
{
	struct guard_standing standing;
	int status = link_name_find(guard->given, guard->interface, error);

	guard->wanted.interface = guard->interface;
	/* What a covey-host that runs goes by stays. */
	if (status == 0)
		status = other_host_find(guard, error);
	if (status == 0)
		status = guard_config_add_standing(inventory, self, &guard->wanted, error);
	if (status == 0)
		status = insist(&guard->wanted, &standing, error);
	if (status)
		return status;
	if (standing.weaker.text[0] != '\0')
		log_warning("guard: %s", standing.weaker.text);
	status = guard_accept(self, standing.index != 0 || guard->wanted.steer.on,
			      standing.weaker.text, error);
	guard_standing_free(&standing);
	return status;
}

/* clear is moved from. */
static int switch_on(const struct inventory *inventory, const struct inventory_host *self,
		     struct guard_clear *clear, struct covey_error *error)
{
	struct installed_guard guard = {
		.given = guard_interface_of(self),
		.wanted = guard_config_of(inventory, self, is_af_packet(self)),
	};
	int status;

	installed_guard_take_clear(&guard, clear);
	status = put_up(inventory, self, &guard, error);
	installed_guard_end(&guard);
	return status;
}

/* What the guard shall let pass in clear when it is put up. */
static int find_clear(const struct guard_deadlines_config *config, struct guard_clear *ret_clear,
		      struct covey_error *error)
{
	int status = first_clear_find(config->inventory, config->self, ret_clear, error);

	if (status || !has_clear(config->self))
		return status;
	status = guard_deadlines_apply(config, ret_clear, error);
	if (status)
		guard_clear_free(ret_clear);
	return status;
}

/* What the devices do not look for is not let in. */
static void refuse_clear(const struct covey_error *reason, struct guard_clear *clear)
{
	log_error("guard: %s: VXLAN of no VNI passes in clear until covey-host runs, or a "
		  "deadline opens one",
		  reason->text);
	guard_clear_free(clear);
}

/* A covey-host that runs sees to the devices itself. */
static void look_once(const struct guard_deadlines_config *config, struct guard_clear *clear)
{
	struct covey_error reason;

	if (clear->accepted.count == 0 || guard_deadlines_host_runs(config->socket))
		return;
	if (guard_looks_once(config, &clear->accepted, &reason))
		refuse_clear(&reason, clear);
	else
		log_notice("guard: VXLAN of %zu VNIs passes in clear, by the modes of their "
			   "groups. A VXLAN device that is made from now on looks at what comes in "
			   "only while covey-guard.service or covey-host runs: if neither does, "
			   "start one",
			   clear->accepted.count);
}

int guard_command_on(const struct inventory *inventory, const struct inventory_host *self,
		     const char *socket, struct covey_error *error)
{
	const struct guard_deadlines_config deadlines = {inventory, self, socket};
	struct guard_clear clear;
	int status = find_clear(&deadlines, &clear, error);

	if (status)
		return status;
	look_once(&deadlines, &clear);
	return switch_on(inventory, self, &clear, error);
}

static int switch_off(const struct inventory_host *self, struct covey_error *error)
{
	char interface[IFNAMSIZ];
	int status;

	if (link_name_resolve(guard_interface_of(self), interface))
		log_warning("guard: no interface is called %s, so only a guard of that name is "
			    "removed: `nft list tables` shows what others there are",
			    guard_interface_of(self));
	status = link_name_find(guard_interface_of(self), interface, error);
	if (status == 0)
		status = guard_down(interface, error);
	/* Last, or a covey-host that runs would put up the guard anew to hold the port again. */
	vxlan_watch_forget(self->host_interface);
	return status;
}

/* --- keep ------------------------------------------------------------------------------------- */

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	notify_stopping();
	event_base_loopbreak(arg);
}

struct keeper {
	struct event_base *base;
	struct event *term, *interrupt, *hangup;
	struct guard_watch *watch;
	struct guard_looks *looks; /* NULL: nothing passes the guard in clear */
	struct guard_deadlines *deadlines;
	struct guard_inventory *inventory;
};

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	const struct keeper *keeper = arg;

	log_notice("SIGHUP: reading the inventory");
	if (keeper->inventory)
		guard_inventory_reload(keeper->inventory);
}

static int begin_looks(struct keeper *keeper, const struct guard_deadlines_config *deadlines,
		       struct guard_clear *clear, struct covey_error *error)
{
	struct covey_error reason;
	int status;

	if (!has_clear(deadlines->self))
		return 0;
	status = guard_looks_new(keeper->base, deadlines, &keeper->looks, error);
	if (status == 0 && guard_looks_set(keeper->looks, &clear->accepted, &reason))
		refuse_clear(&reason, clear);
	return status;
}

static int keep_up(struct keeper *keeper, const struct guard_deadlines_config *deadlines,
		   struct covey_error *error)
{
	const struct inventory_host *self = deadlines->self;
	struct guard_watch_config config = {
		.base = keeper->base,
		.given = guard_interface_of(self),
		.guard = guard_config_of(deadlines->inventory, self, is_af_packet(self)),
		.yields = true,
	};
	struct guard_status status;
	struct guard_clear clear;
	int result = find_clear(deadlines, &clear, error);

	if (result)
		return result;
	result = begin_looks(keeper, deadlines, &clear, error);
	config.guard.local.unbound = true;
	config.guard.steer.clear = clear;
	if (result == 0)
		result =
			guard_config_add_standing(deadlines->inventory, self, &config.guard, error);
	if (result == 0)
		result = guard_watch_new(&config, &keeper->watch, error);
	guard_clear_free(&clear);
	if (result)
		return result;
	guard_watch_read(keeper->watch, &status);
	result = guard_accept(self, status.present, status.weaker, error);
	if (result == 0)
		log_notice("guard: kept on %s", status.interface);
	if (result == 0 && keeper->looks) {
		guard_looks_follow(keeper->looks, keeper->watch);
		result = guard_deadlines_new(keeper->base, deadlines, keeper->watch, keeper->looks,
					     &keeper->deadlines, error);
	}
	return result;
}

static int catch_signals(struct keeper *keeper, struct covey_error *error)
{
	struct event_base *base = keeper->base = event_base_new();

	if (base) {
		keeper->term = evsignal_new(base, SIGTERM, on_signal, base);
		keeper->interrupt = evsignal_new(base, SIGINT, on_signal, base);
		keeper->hangup = evsignal_new(base, SIGHUP, on_hangup, keeper);
	}
	if (!keeper->term || !keeper->interrupt || !keeper->hangup ||
	    event_add(keeper->term, NULL) < 0 || event_add(keeper->interrupt, NULL) < 0 ||
	    event_add(keeper->hangup, NULL) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

/* Comes after all that it changes. */
static int follow_inventory(struct keeper *keeper, const struct options *options,
			    struct inventory *inventory, const struct stat *stamp,
			    const struct inventory_host *self, struct covey_error *error)
{
	const struct guard_inventory_config config = {
		.base = keeper->base,
		.path = options->daemon.inventory,
		.stamp = stamp,
		.inventory = inventory,
		.self = self,
		.socket = options->socket,
		.watch = keeper->watch,
		.deadlines = keeper->deadlines,
	};

	return guard_inventory_new(&config, &keeper->inventory, error);
}

static void end_keeper(struct keeper *keeper)
{
	guard_inventory_free(keeper->inventory);
	guard_deadlines_free(keeper->deadlines);
	guard_looks_free(keeper->looks);
	guard_watch_free(keeper->watch);
	if (keeper->hangup)
		event_free(keeper->hangup);
	if (keeper->interrupt)
		event_free(keeper->interrupt);
	if (keeper->term)
		event_free(keeper->term);
	if (keeper->base)
		event_base_free(keeper->base);
}

static int keep(const struct options *options, struct inventory *inventory,
		const struct stat *stamp, const struct inventory_host *self,
		struct covey_error *error)
{
	const struct guard_deadlines_config deadlines = {inventory, self, options->socket};
	struct keeper keeper = {0};
	int status = catch_signals(&keeper, error);

	if (status == 0)
		status = keep_up(&keeper, &deadlines, error);
	if (status == 0)
		status = follow_inventory(&keeper, options, inventory, stamp, self, error);
	if (status == 0) {
		notify_ready();
		event_base_dispatch(keeper.base);
	}
	end_keeper(&keeper);
	return status;
}

int guard_command(const struct options *options, struct inventory *inventory,
		  const struct stat *stamp, const struct inventory_host *self,
		  struct covey_error *error)
{
	switch (options->guard) {
	case GUARD_COMMAND_ON:
		return guard_command_on(inventory, self, options->socket, error);
	case GUARD_COMMAND_OFF:
		return switch_off(self, error);
	case GUARD_COMMAND_KEEP:
		return keep(options, inventory, stamp, self, error);
	case GUARD_COMMAND_NONE:
		break;
	}
	return 0;
}
