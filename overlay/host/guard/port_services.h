/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The UDP ports to which decrypted packets are delivered: VXLAN's, and those of other tunnels that
 * are carried. Each is served by itself (port_delivery.h).
 */

#include <covey/error.h>
#include <covey/tunnel.h>
#include <stdbool.h>
#include <stddef.h>

#include "guard_ports.h"
#include "port_delivery.h"

struct vxlan_watch_config;
struct port_services;

struct port_service {
	struct port_services *all;
	enum covey_tunnel_kind kind; /* of device that has the port */
	struct port_delivery delivery;
};

struct port_services {
	const struct vxlan_watch_config *config;
	struct port_service list[GUARD_PORTS_MAX]; /* the first: VXLAN */
	size_t count;
};

/* Begin with nothing delivered. services must stay where it is; config stays the caller's. */
int port_services_init(struct port_services *services, const struct vxlan_watch_config *config,
		       struct covey_error *error);
/* Does the device have one of the ports? */
bool port_services_has(const struct port_services *services, const struct vxlan_device *device);
/* Leave only devices of these ports in the list, and no holders. Notes which holders are up. */
void port_services_keep(struct port_services *services, struct vxlan_devices *devices);
/* port_delivery_settle() for each. If one fails, the others are served all the same. */
int port_services_settle(struct port_services *services, const struct vxlan_devices *devices,
			 struct covey_error *error);
/* port_delivery_end() for each. */
int port_services_end(struct port_services *services, struct covey_error *error);
/* Is anything delivered, or held? */
bool port_services_are_on(const struct port_services *services);
/* Remove the holders that an earlier run left. */
void port_services_forget(const char *host_interface);
