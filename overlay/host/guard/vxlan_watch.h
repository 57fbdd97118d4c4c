/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Follows the kernel's VXLAN devices of our port. It makes each of them mark what it sends, and
 * says when nobody else can hold the port. A new device sends nothing through covey until it marks.
 * When the last device goes, the holder (port_holder.h) keeps the port until nothing is delivered
 * there any more.
 */

#include <covey/error.h>
#include <covey/tunnel.h>
#include <event2/event.h>
#include <net/if.h>
#include <stdbool.h>

#include "guard_clear.h"
#include "guard_local.h"
#include "vxlan_mtu.h"

struct bridge_excess;
struct group_joins_handlers;
struct vxlan_watch;

struct vxlan_watch_config {
	struct event_base *base;
	struct guard_local local;   /* its texts stay the caller's */
	struct guard_vnis accepted; /* in clear, as vxlan_watch_set_accepted() */
	uint16_t port;              /* VXLAN's, UDP */
	struct covey_tunnel tunnels[COVEY_TUNNELS_MAX]; /* others; those that are carried count */
	size_t tunnel_count;
	int family;        /* of the VTEPs */
	uint32_t free_vni; /* in no group, and not 0 */
	/* Join the devices' groups on the host interface, too. NULL: do not. */
	const struct group_joins_handlers *joins;
	uint16_t mtu; /* the largest IP packet that a device may send; 0: each knows by itself */
	/* Deliver decrypted packets to these ports, and to no others. In force when it returns 0.
	 */
	int (*deliver)(const struct guard_ports *held, void *arg, struct covey_error *error);
	void *arg;
};

/* Look for devices now, and act on them, before this returns. */
int vxlan_watch_new(const struct vxlan_watch_config *config, struct vxlan_watch **ret_watch,
		    struct covey_error *error);
/* Ends the watch: nothing is delivered from then on, and the port is given back. NULL-safe. */
void vxlan_watch_free(struct vxlan_watch *watch);

/* The largest IP packet that a device may send is another one now. Devices whose MTU is too large
 * for it are told again. */
void vxlan_watch_set_mtu(struct vxlan_watch *watch, uint16_t mtu);

/* These VNIs pass in clear now: devices with another one drop what came in clear. Both those of
 * before and those to be while the guard is changed. Should it fail, it is tried again; if more are
 * to pass than before, this returns -EAGAIN then, and the guard must not let them pass. -ENOMEM. */
int vxlan_watch_set_accepted(struct vxlan_watch *watch, const struct guard_vnis *accepted,
			     struct covey_error *error);

/* A device whose MTU is too large. */
struct vxlan_excess {
	char name[IFNAMSIZ];
	uint32_t has;
	struct vxlan_mtu mtu;
};

/* Lists them, at most max. Returns how many. */
size_t vxlan_watch_read(const struct vxlan_watch *watch, struct vxlan_excess *ret_list, size_t max);

/* Bridges and ports of bridges whose MTU is too large (bridge_mtu.h), as they were half a minute
 * ago at most. They stay the watch's. Returns how many. */
size_t vxlan_watch_bridges(const struct vxlan_watch *watch, const struct bridge_excess **ret_list);

/* The longest IP packet that one of the devices sends, by their MTU; 0: there is none. */
uint32_t vxlan_watch_longest(const struct vxlan_watch *watch);

/* The name of a device that is bound to the host interface, where the kernel keeps its network
 * card: what it sends by unicast does not get to the fabric. NULL: there is none. */
const char *vxlan_watch_misplaced(const struct vxlan_watch *watch);

/* Why VXLAN devices cannot be served now; NULL: they are. It is tried again, and until it works
 * VXLAN is dropped. */
const char *vxlan_watch_failing(const struct vxlan_watch *watch);

/* Remove what an earlier run left: after this, no device marks or looks, and no holder keeps the
 * port. */
void vxlan_watch_forget(const char *host_interface);
