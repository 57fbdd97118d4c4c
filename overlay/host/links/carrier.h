/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The carrier of the interface towards the kernel, covey0. It is there while covey-host forwards
 * and the fabric has a carrier. Without it, routes over covey0 give way to other routes, so packets
 * do not get lost. A veth has a carrier while its other end is up. The kernel does not set that end
 * down when the process that uses it ends. So a small process beside covey-host does that: it holds
 * no key, and it outlives covey-host only to do this.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct carrier;
struct inventory_host;

/* Start the process that outlives us, if one is needed. Call this before there are threads, keys or
 * an event base, because that process must have none of them. It inherits all open files, locks
 * included. */
int carrier_new(const struct inventory_host *host, struct carrier **ret_carrier,
		struct covey_error *error);
/* Log when that process has ended although it should not. */
int carrier_watch(struct carrier *carrier, struct event_base *base, struct covey_error *error);
/* Before base is freed. NULL-safe. */
void carrier_unwatch(struct carrier *carrier);
/* Call this when the interface exists and has no carrier yet: from now on its carrier is looked
 * after. pair: it is one end of a veth pair. */
int carrier_bind(struct carrier *carrier, bool pair, struct covey_error *error);
/* Switch the carrier on or off. Returns when the kernel has begun to send over it, or has stopped;
 * logs what it did. If somebody else has set the other end down since the last call, sets it up
 * again. */
void carrier_set(struct carrier *carrier, bool on);
/* Takes the carrier away, and ends that process. NULL-safe. */
void carrier_free(struct carrier *carrier);

/* Take the carrier away when covey-host and that process have both ended; the service manager calls
 * this. 0 also when there is no such interface. */
int carrier_take_away(const struct inventory_host *host, struct covey_error *error);

/* Write the name of the veth pair's other end. Returns 0 or -ENAMETOOLONG. */
/* Likewise, of the interface to which VXLAN is steered, if that is not the host interface: the
 * kernel's end of the pair (link_pair.h). */
int carrier_steered_name(const struct inventory_host *host, char ret_name[static 16],
			 struct covey_error *error);

int carrier_peer_name(const struct inventory_host *host, char ret_name[static 16],
		      struct covey_error *error);
