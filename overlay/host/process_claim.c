/* SPDX-License-Identifier: BSD-3-Clause */

/* Step of covey-host: nobody else may use what it uses. */

#include <inventory.h>
#include <net/if.h>

#include "carrier.h"
#include "interface_lock.h"
#include "process.h"
#include "uplinks.h"

/* Where the routes make the uplinks, those of now: two guards on one would undo each other. One
 * that only a default route leads to may be another covey-host's. */
static size_t name_uplinks(const struct process *process, struct uplink *uplinks,
			   const char **ret_names)
{
	const struct inventory_host *self = process->self;
	const struct uplinks_wanted wanted = uplinks_wanted_of(process->inventory, self);
	size_t found = wanted.by_routes ? uplinks_find(&wanted, uplinks) : 0, count = 0;

	for (size_t i = 0; i < wanted.given_count; i++)
		ret_names[count++] = wanted.given[i];
	for (size_t i = 0; i < found; i++)
		if (!uplinks[i].by_default)
			ret_names[count++] = uplinks[i].name;
	return count;
}

static int lock(struct process *process, struct covey_error *error)
{
	const struct inventory_host *self = process->self;
	const char *names[INTERFACE_LOCK_NAMES_MAX];
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	size_t count = name_uplinks(process, uplinks, names);
	char peer[IFNAMSIZ], steered[IFNAMSIZ];
	int status = 0;

	if (self->host_port != HOST_PORT_DEVICE)
		names[count++] = self->host_interface;
	if (self->host_port == HOST_PORT_VETH || self->host_port == HOST_PORT_AUTO) {
		status = carrier_peer_name(self, peer, error);
		names[count++] = peer;
	}
	if (!status && self->fabric_port == FABRIC_PORT_KERNEL) {
		status = carrier_steered_name(self, steered, error);
		names[count++] = steered;
	}
	if (!status)
		status = interface_lock_new(names, count, &process->lock, error);
	if (!status && self->fabric_port == FABRIC_PORT_KERNEL)
		status = interface_lock_vtep(process->lock, &self->vtep, error);
	return status;
}

/* This comes before anything is touched: a second covey-host on the same interface stops here. The
 * process that outlives us holds the lock, too, and nothing else of ours. */
int process_claim(struct process *process, struct covey_error *error)
{
	int status = lock(process, error);

	return status ? status : carrier_new(process->self, &process->carrier, error);
}

void process_release(struct process *process)
{
	carrier_free(process->carrier);
	interface_lock_free(process->lock);
}
