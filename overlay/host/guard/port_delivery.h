/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Whether decrypted packets are delivered to VXLAN's UDP port. They are, while a VXLAN device uses
 * it and a holder of ours keeps it: so whoever takes the port after that device gets none of them.
 */

#include <covey/error.h>
#include <stdbool.h>

#include "port_holder.h"
#include "vxlan_devices.h"

struct port_delivery_config {
	bool elsewhere; /* VXLAN devices are in other network namespaces, too */
	bool bare;      /* no holder of ours: its devices alone keep the port */
	/* Begin or stop to deliver. In force when it returns 0. */
	int (*deliver)(bool held, void *arg, struct covey_error *error);
	void *arg;
};

struct port_delivery {
	struct port_delivery_config config;
	struct port_holder holder;
	bool holding;   /* our holder exists and is up */
	bool delivered; /* decrypted packets go to the port, as far as we know */
};

/* Deliver or not, according to the devices, without holders. Those of other ports do not matter. */
int port_delivery_settle(struct port_delivery *delivery, const struct vxlan_devices *devices,
			 struct covey_error *error);

/* Deliver nothing any more, then give the port back. */
int port_delivery_end(struct port_delivery *delivery, struct covey_error *error);
