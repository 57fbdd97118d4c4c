/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Two frames that ask the kernel behind the host port which multicast groups it wants: it answers
 * with reports of all of them, with their sources and in the version of the protocol that it is set
 * to, as it does when a router asks. They are for the host port alone and never leave.
 */

#include <stdint.h>

struct group_query {
	const uint8_t *frame;
	uint16_t len;
};

#define GROUP_QUERIES 2 /* IGMP and MLD */

/* By index below GROUP_QUERIES. */
struct group_query group_query(unsigned index);
