/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The VNIs for which the kernel has a VXLAN device that is up and wants a multicast group's packets
 * from an uplink, or where covey has a card of its own, from covey's interface. What others
 * multicast in these VNIs should come to this host.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uplinks_wanted;

/* Sorted; count of them, at most LISTENING_MAX. */
struct listening {
	uint64_t read_at; /* ms, monotonic; 0: never */
	uint32_t *vnis;
	size_t count;
};

#define LISTENING_MAX 65536u

/* Where VXLAN devices should be. Those under covey's own interface count, too. */
struct listening_place {
	const struct uplinks_wanted *uplinks; /* NULL: the kernel does not keep its interfaces */
	const char *host_interface;
	uint16_t vxlan_port;
};

/* True when all of these VNIs are among them. What the kernel said within the last second is used
 * again. If the kernel says nothing, the answer is false. */
bool listening_to(struct listening *listening, const struct listening_place *place,
		  const uint32_t *vnis, size_t count);
void listening_clear(struct listening *listening);
