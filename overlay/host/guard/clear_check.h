/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A VXLAN device's own look at what came in clear, as text. Several datagrams can come in as one
 * (UDP_SEGMENT, by a virtual wire), and the guard sees the VNI of the first alone; the kernel cuts
 * them where it gives them to VXLAN devices. So the guard gives what it takes in clear a number in
 * its priority, and the hook of a device whose VNI may not pass in clear drops what has it. A
 * device that has no VNI of its own takes it. Pure.
 */

#include <net/if.h>
#include <stdio.h>

#include "guard_clear.h"
#include "guard_local.h"
#include "vxlan_devices.h"

/* The part of a rule that gives the number. Its last four bits are 0, as in what just came in. */
#define CLEAR_CHECK_GIVE "meta priority set 5eed:0 "

/* The name of the netdev table: covey_guard_covey0/in. */
#define CLEAR_CHECK_NAME_SIZE GUARD_MARKS_NAME_SIZE
void clear_check_name(const char *host_interface, char *ret_name);

/* Write one transaction after which these devices look, if any VNI passes in clear. */
void clear_check_write(FILE *stream, const char *host_interface,
		       const struct vxlan_devices *devices, const struct guard_vnis *accepted);

/* Write one transaction after which no device looks. */
void clear_check_write_removal(FILE *stream, const char *host_interface);
