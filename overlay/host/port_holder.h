/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A VXLAN device of covey's own beside the others ("covey0v"): it never gets a packet, but shares
 * their UDP socket. So the port stays taken when the last of the others goes down or is deleted,
 * until nothing is delivered to it any more: no local user can take it in between.
 */

#include <covey/error.h>
#include <net/if.h>
#include <stdint.h>

#include "vxlan_devices.h"

struct port_holder {
	char name[IFNAMSIZ];
	uint16_t port; /* UDP */
	int family;    /* the VTEPs' */
	uint32_t vni;  /* that is in no group, and not 0 */
};

/* Name it after the host interface. -ENAMETOOLONG when that leaves no room. */
int port_holder_name(struct port_holder *holder, const char *host_interface,
		     struct covey_error *error);

/*
 * Make the device, or make it anew, so that it opens the socket that another has open (model), or,
 * with NULL, the one that an ordinary device would open.
 */
int port_holder_make(const struct port_holder *holder, const struct vxlan_device *model,
		     struct covey_error *error);

/* Remove it. 0 also when there is none. */
int port_holder_remove(const struct port_holder *holder, struct covey_error *error);
