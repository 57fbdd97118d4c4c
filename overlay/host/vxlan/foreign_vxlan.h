/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * VXLAN and Geneve devices of this network namespace that send over covey0 or a fabric interface,
 * but to another UDP port than the fabric's. covey does not encrypt what they send. The guard drops
 * what has a VNI of the fabric (guard_config.h).
 */

#include <covey/error.h>
#include <covey/tunnel.h>
#include <event2/event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uplinks.h"
#include "vxlan_devices.h"

#define FOREIGN_VXLAN_MAX 64

struct foreign_vxlan {
	enum vxlan_device_kind kind;
	char name[IFNAMSIZ];
	uint16_t port;       /* that it sends to */
	char over[IFNAMSIZ]; /* the interface; empty: depends on its forwarding table */
	bool unguarded;      /* that is an uplink that is left out: the guard has no hook there */
};

/* UDP ports that devices send to, each once: first those of the devices above. */
struct foreign_ports {
	uint16_t list[FOREIGN_VXLAN_MAX];
	size_t count;
};

struct foreign_vxlan_watch;

struct foreign_vxlan_config {
	struct event_base *base;
	struct uplinks_wanted uplinks;
	uint16_t port;                                  /* the fabric's own */
	struct covey_tunnel tunnels[COVEY_TUNNELS_MAX]; /* others; those that are carried count */
	size_t tunnel_count;
	bool drops;  /* the guard drops all that they send, whatever its VNI */
	bool passes; /* it drops nothing of it */
	/* Called from the event loop when list or ports have changed, and once at the start. */
	void (*changed)(const struct foreign_vxlan_watch *watch, void *arg);
	void *arg;
};

/* Look now, and again whenever an interface changes. The names in config stay the caller's. */
int foreign_vxlan_watch_new(const struct foreign_vxlan_config *config,
			    struct foreign_vxlan_watch **ret_watch, struct covey_error *error);
/* NULL-safe. */
void foreign_vxlan_watch_free(struct foreign_vxlan_watch *watch);

/* Look again. Routes may have changed, and no event of an interface tells that. */
void foreign_vxlan_look(struct foreign_vxlan_watch *watch);

/* The devices found at the last look, at most FOREIGN_VXLAN_MAX. */
const struct foreign_vxlan *foreign_vxlan_list(const struct foreign_vxlan_watch *watch,
					       size_t *ret_count);

/* The ports found at the last look. Unless all is dropped that goes there, those of the namespace's
 * other devices come last, as where a device sends is not always to be known: nothing but VNIs of
 * the fabric is held back there. */
const struct foreign_ports *foreign_vxlan_ports(const struct foreign_vxlan_watch *watch);
