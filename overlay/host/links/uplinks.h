/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The uplinks: the interfaces by which the other hosts are reached, where the kernel keeps them.
 * They are those that the inventory names. If it names none, they are those by which the kernel's
 * routes lead to the other hosts' VTEPs, each next hop of a route counted, with the own VTEP as
 * source and without. If there is no such route, it is the one that has the own VTEP's address.
 * They change with the routes.
 */

#include <covey/limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct covey_addr;
struct inventory;
struct inventory_host;
struct link_info;

struct uplink {
	char name[IFNAMSIZ]; /* the kernel's own */
	unsigned index;
	/* Only default routes lead to it, and others to another one: perhaps it is there because a
	 * host is down. It is guarded, but not what packets are made for. */
	bool by_default;
	bool no_ethernet; /* left out because its frames have no Ethernet header */
	bool tap;         /* a program carries its frames on, by what else it has */
};

/* What to say of an uplink that is a TAP device: its name, twice. */
#define UPLINK_TAP                                                                                 \
	"uplink %s is a TAP device, so a program carries its frames on. If that is a bridge, "     \
	"such as Open vSwitch with datapath_type=netdev, the guard does not see its card: VXLAN "  \
	"that it makes itself leaves there in clear. Name the card, too: "                         \
	"covey_fabric_interface: [%s, CARD]"

/* What to find. All of it is the caller's. */
struct uplinks_wanted {
	char *const *given; /* as the inventory names them */
	size_t given_count;
	bool by_routes; /* none is named */
	const struct inventory_host *hosts;
	size_t host_count;            /* those that may come later have no VTEP yet */
	const struct covey_addr *own; /* VTEP */
	const char *host_interface;   /* covey's own, never an uplink */
};

/* Those of a host: if it has a card of its own, that is the only one; if DPDK drives the card,
 * there is none. */
struct uplinks_wanted uplinks_wanted_of(const struct inventory *inventory,
					const struct inventory_host *self);

/* Those that are too many, and those whose frames have no Ethernet header: covey0 could not take
 * VXLAN from them. */
struct uplinks_left_out {
	struct uplink list[COVEY_UPLINKS_MAX];
	size_t count;
	bool more; /* than are listed */
};

/* Find those that exist, each once, at most COVEY_UPLINKS_MAX. Returns how many. ret_left_out may
 * be NULL. */
size_t uplinks_find_all(const struct uplinks_wanted *wanted,
			struct uplink ret_uplinks[COVEY_UPLINKS_MAX],
			struct uplinks_left_out *ret_left_out);
/* The same for who does not ask for those that are left out. */
size_t uplinks_find(const struct uplinks_wanted *wanted,
		    struct uplink ret_uplinks[COVEY_UPLINKS_MAX]);

/* The first uplink that is a TAP device; NULL: there is none, or the inventory names another as
 * well, which may be the card behind it. */
const struct uplink *uplinks_find_tap(const struct uplinks_wanted *wanted,
				      const struct uplink *uplinks, size_t count);

/* True when a route may make this interface an uplink: it is there, and neither lo, nor what a
 * covey-host has made, nor a VXLAN device, and its frames have an Ethernet header. */
bool uplinks_may_have(const struct uplinks_wanted *wanted, unsigned index,
		      struct link_info *ret_link);
