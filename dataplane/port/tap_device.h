/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A TAP device of the kernel: opening its queues, and what the kernel can do for it. */

#include "port.h"

/*
 * Open one more queue of the device. The first makes the device, if there is none. It stays when
 * all queues are closed. *offload: what is asked for, then what the device has. Each frame has a
 * vnet header of VNET_HEADER_LEN bytes before it. Returns a descriptor or a negative errno
 * (port_open_tap()).
 */
int tap_device_open(const char *name, enum port_tap_offload *offload, struct covey_error *error);
