/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A TAP device of the kernel: opening its queues, and what the kernel can do for it. */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Which offloads the device has. */
struct tap_offloads {
	bool tunnel; /* super-frames inside VXLAN: Linux 6.17 and later */
	bool udp;    /* of UDP, not of TCP alone: Linux 6.2 and later */
};

/*
 * Open one more queue of the device. The first makes the device, if there is none. It stays when
 * all queues are closed. wanted: false, no super-frames. Each frame has a vnet header of
 * VNET_HEADER_LEN bytes before it. Returns a descriptor or a negative errno (port_open_tap()).
 */
int tap_device_open(const char *name, bool wanted, struct tap_offloads *ret_offloads,
		    struct covey_error *error);
