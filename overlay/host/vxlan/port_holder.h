/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A VXLAN device of covey's own beside the others ("covey0v"). It never gets a packet, but it
 * shares their UDP socket. So the port stays taken when the last of the others goes down or is
 * deleted, until nothing is delivered to the port any more. No local user can take it in between.
 */

#include <covey/error.h>
#include <net/if.h>
#include <stdint.h>

#include "vxlan_devices.h"

struct port_holder {
	char name[IFNAMSIZ];
	uint16_t port; /* UDP */
	int family;    /* of the VTEPs */
	uint32_t vni;  /* one that is in no group, and not 0 */
};

/* Name it after the host interface. -ENAMETOOLONG when that name is too long for this. */
int port_holder_name(struct port_holder *holder, const char *host_interface, char which,
		     struct covey_error *error);

/*
 * Make the device, or make it anew. model: the device whose socket it is to share; NULL: it opens
 * the socket that an ordinary device would open.
 */
int port_holder_make(const struct port_holder *holder, const struct vxlan_device *model,
		     struct covey_error *error);

/* Remove it. 0 also when there is none. */
int port_holder_remove(const struct port_holder *holder, struct covey_error *error);
