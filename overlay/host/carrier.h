/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The carrier of the interface towards the kernel: there while covey-host forwards and the fabric
 * has one, so that routes over covey0 give way to others when packets would be lost. A veth's is
 * its other end being up, and nothing in the kernel takes that down with the process that uses it:
 * a small process beside covey-host does, which holds no key and outlives it by that one act.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct carrier;
struct inventory_host;

/* Start the process that outlives us, where one is needed. Before threads, keys and the event base:
 * it must have none of them. What is open is open in it, too: locks, for instance. */
int carrier_new(const struct inventory_host *host, struct carrier **ret_carrier,
		struct covey_error *error);
/* Say when that process is gone. */
int carrier_watch(struct carrier *carrier, struct event_base *base, struct covey_error *error);
/* Before base is freed. NULL-safe. */
void carrier_unwatch(struct carrier *carrier);
/* The interface is there, and has no carrier yet: from now on it is looked after. */
int carrier_bind(struct carrier *carrier, struct covey_error *error);
/* Returns when the kernel sends over it, or no more; logs what it did. Puts right what others did
 * to it since the last call. */
void carrier_set(struct carrier *carrier, bool on);
/* Takes the carrier away, and ends that process. NULL-safe. */
void carrier_free(struct carrier *carrier);

/* For the service manager, when both are gone. 0 also when there is no such interface. */
int carrier_take_away(const struct inventory_host *host, struct covey_error *error);

/* The name of the veth pair's other end: 0, or -ENAMETOOLONG. */
int carrier_peer_name(const struct inventory_host *host, char ret_name[static 16],
		      struct covey_error *error);
