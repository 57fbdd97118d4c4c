/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The multicast groups of the kernel's VXLAN devices, where the kernel keeps its interfaces. A
 * device joins its group on an uplink. But what is decrypted comes in by the host interface, and
 * the kernel drops what belongs to a group that nobody has joined there: so it is joined there,
 * too. And the fabric port is told of it.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <covey/group_sockets.h>
#include <stdbool.h>
#include <stddef.h>

#include "vxlan_devices.h"

struct group_join {
	struct covey_addr group;
	unsigned uplink; /* index of the interface that the VXLAN device is bound to */
	int fd;          /* the socket that has joined it on the host interface */
	bool told;       /* group_joins_next_shared() has told of it */
};

struct group_joins_handlers {
	int (*join)(const struct covey_addr *group, unsigned uplink, void *arg,
		    struct covey_error *error);
	void (*leave)(const struct covey_addr *group, unsigned uplink, void *arg);
	void *arg;
};

struct group_joins {
	const struct group_joins_handlers *handlers;
	unsigned interface; /* index of the host interface that the groups are joined on */
	struct group_join *list;
	size_t count;
	struct group_sockets sockets;
};

/* Join what these devices that are up have joined, and leave the rest. Returns 0, or a negative
 * errno: the rest is joined all the same, and the next call tries again. */
int group_joins_follow(struct group_joins *joins, const struct vxlan_devices *devices,
		       unsigned interface, struct covey_error *error);
/*
 * The next join, each once, whose group had been joined on another uplink before: *ret_before. To
 * one group, covey sends by one uplink, that which joined it last. NULL: there is no other.
 */
const struct group_join *group_joins_next_shared(struct group_joins *joins, unsigned *ret_before);
/* Leave all. */
void group_joins_clear(struct group_joins *joins);
