/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Two frames that ask the kernel behind the host port which multicast groups it wants to receive.
 * The kernel answers as if a router had asked: it reports all its groups with their sources, in the
 * protocol version that it is set to. The frames are sent to the host port only, and never leave
 * this machine.
 */

#include <stdint.h>

struct group_query {
	const uint8_t *frame;
	uint16_t len;
};

#define GROUP_QUERIES 2 /* IGMP and MLD */

/* index must be below GROUP_QUERIES. */
struct group_query group_query(unsigned index);
