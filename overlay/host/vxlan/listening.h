/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The VNIs for which the kernel has a VXLAN device that is up and wants a multicast group's packets
 * from covey's interface. What others multicast in these VNIs should come to this host.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sorted; count of them, at most LISTENING_MAX. */
struct listening {
	uint64_t read_at; /* ms, monotonic; 0: never */
	uint32_t *vnis;
	size_t count;
};

#define LISTENING_MAX 65536u

/* True when all of these VNIs are among them. interface: covey's. What the kernel said within the
 * last second is used again. If the kernel says nothing, the answer is false. */
bool listening_to(struct listening *listening, const char *interface, uint16_t vxlan_port,
		  const uint32_t *vnis, size_t count);
void listening_clear(struct listening *listening);
