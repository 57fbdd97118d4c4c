/* SPDX-License-Identifier: BSD-3-Clause */

#include "port_delivery.h"

#include <errno.h>

static int deliver(struct port_delivery *delivery, bool yes, struct covey_error *error)
{
	int status = delivery->config.deliver(yes, delivery->config.arg, error);

	if (status == 0)
		delivery->delivered = yes;
	return status;
}

/* In this order, so that whoever takes the port next gets nothing. */
int port_delivery_end(struct port_delivery *delivery, struct covey_error *error)
{
	int status = deliver(delivery, false, error);

	if (status == 0 && !delivery->config.bare)
		status = port_holder_remove(&delivery->holder, error);
	if (status == 0)
		delivery->holding = false;
	return status;
}

static bool is_up(const struct port_delivery *delivery, const struct vxlan_device *device)
{
	return device->up && device->port == delivery->holder.port;
}

/* The holder tries to share the socket of each device that is up. The first with which that works
 * is the one that has the socket. */
static int take_port(struct port_delivery *delivery, const struct vxlan_devices *devices,
		     struct covey_error *error)
{
	int status = -ENODEV;

	for (size_t i = 0; i < devices->count && status; i++) {
		const struct vxlan_device *device = &devices->list[i];

		if (is_up(delivery, device))
			status = port_holder_make(&delivery->holder, device, error);
	}
	if (status == -ENODEV && delivery->config.elsewhere)
		status = port_holder_make(&delivery->holder, NULL, error);
	delivery->holding = status == 0;
	return status;
}

static int hold(struct port_delivery *delivery, const struct vxlan_devices *devices,
		struct covey_error *error)
{
	int status = 0;

	if (!delivery->holding && !delivery->config.bare) {
		status = deliver(delivery, false, error);
		if (status == 0)
			status = take_port(delivery, devices, error);
	}
	if (status == 0 && !delivery->delivered)
		status = deliver(delivery, true, error);
	return status;
}

static bool is_wanted(const struct port_delivery *delivery, const struct vxlan_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++) {
		if (is_up(delivery, &devices->list[i]))
			return true;
	}
	return delivery->config.elsewhere;
}

int port_delivery_settle(struct port_delivery *delivery, const struct vxlan_devices *devices,
			 struct covey_error *error)
{
	if (is_wanted(delivery, devices))
		return hold(delivery, devices, error);
	return delivery->holding || delivery->delivered ? port_delivery_end(delivery, error) : 0;
}
