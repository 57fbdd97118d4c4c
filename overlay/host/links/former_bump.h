/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What is left of a bump in the wire, where the kernel is to keep its interfaces now. An inventory
 * that names no covey_fabric_port meant a bump in the wire once: so a host may come here by an
 * upgrade of covey, and its fabric address and VXLAN devices are on the host interface still.
 */

#include <covey/error.h>

struct inventory_host;

/* -EEXIST, and the error says what to do: the host interface is the veth pair of a bump in the
 * wire, or has the VTEP address. It is touched in no case. */
int former_bump_check(const struct inventory_host *host, struct covey_error *error);
