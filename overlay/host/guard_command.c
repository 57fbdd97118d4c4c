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
#include "guard_watch.h"
#include "link_name.h"
#include "notify.h"
#include "vxlan_watch.h"

static bool is_af_packet(const struct inventory_host *self)
{
	return self->fabric_port == FABRIC_PORT_AF_PACKET;
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

static int switch_on(const struct inventory *inventory, const struct inventory_host *self,
		     const struct guard_clear *clear, struct covey_error *error)
{
	struct guard_config config = guard_config_of(inventory, self, is_af_packet(self));
	struct guard_standing standing;
	char interface[IFNAMSIZ];
	int status;

	config.steer.clear = *clear;
	status = link_name_find(guard_interface_of(self), interface, error);
	if (status)
		return status;
	config.interface = interface;
	status = insist(&config, &standing, error);
	if (status)
		return status;
	if (standing.weaker.text[0] != '\0')
		log_warning("guard: %s", standing.weaker.text);
	status = guard_accept(self, standing.index != 0 || config.steer.on, standing.weaker.text,
			      error);
	guard_standing_free(&standing);
	return status;
}

int guard_command_on(const struct inventory *inventory, const struct inventory_host *self,
		     struct covey_error *error)
{
	struct guard_clear clear;
	int status = first_clear_find(inventory, self, &clear, error);

	if (status)
		return status;
	status = switch_on(inventory, self, &clear, error);
	guard_clear_free(&clear);
	return status;
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

static int keep_up(struct event_base *base, const struct inventory *inventory,
		   const struct inventory_host *self, struct guard_watch **ret_watch,
		   struct covey_error *error)
{
	struct guard_watch_config config = {
		.base = base,
		.given = guard_interface_of(self),
		.guard = guard_config_of(inventory, self, is_af_packet(self)),
		.yields = true,
	};
	struct guard_status status;
	struct guard_clear clear;
	int result = first_clear_find(inventory, self, &clear, error);

	if (result)
		return result;
	config.guard.local.unbound = true;
	config.guard.steer.clear = clear;
	result = guard_watch_new(&config, ret_watch, error);
	guard_clear_free(&clear);
	if (result)
		return result;
	guard_watch_read(*ret_watch, &status);
	result = guard_accept(self, status.present, status.weaker, error);
	if (result == 0)
		log_notice("guard: kept on %s", status.interface);
	return result;
}

static int keep(const struct inventory *inventory, const struct inventory_host *self,
		struct covey_error *error)
{
	struct event_base *base = event_base_new();
	struct event *term = NULL, *interrupt = NULL;
	struct guard_watch *watch = NULL;
	int status = -ENOMEM;

	if (base) {
		term = evsignal_new(base, SIGTERM, on_signal, base);
		interrupt = evsignal_new(base, SIGINT, on_signal, base);
	}
	if (!term || !interrupt || event_add(term, NULL) < 0 || event_add(interrupt, NULL) < 0)
		covey_error_set(error, 0, "out of memory");
	else
		status = keep_up(base, inventory, self, &watch, error);
	if (status == 0) {
		notify_ready();
		event_base_dispatch(base);
	}
	guard_watch_free(watch);
	if (interrupt)
		event_free(interrupt);
	if (term)
		event_free(term);
	if (base)
		event_base_free(base);
	return status;
}

int guard_command(enum guard_command command, const struct inventory *inventory,
		  const struct inventory_host *self, struct covey_error *error)
{
	switch (command) {
	case GUARD_COMMAND_ON:
		return guard_command_on(inventory, self, error);
	case GUARD_COMMAND_OFF:
		return switch_off(self, error);
	case GUARD_COMMAND_KEEP:
		return keep(inventory, self, error);
	case GUARD_COMMAND_NONE:
		break;
	}
	return 0;
}
