/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Where a tenant's packet is in a VXLAN frame, whatever kind of packet it is. */

#include <stdbool.h>
#include <stdint.h>

/* Offsets from the frame's first byte. */
struct tenant {
	uint16_t outer_ip;
	uint16_t outer_udp;
	uint16_t ethernet; /* the tenant's */
	uint16_t ip;       /* behind it and its tags: the tenant's IP packet, if it is one */
	uint16_t type;     /* its ethertype */
	bool outer_ipv6;
};

/*
 * Find it. Nothing behind len is read. Returns 0, or -EINVAL: the frame is cut short, no VXLAN that
 * carries Ethernet, or its outer headers are none that Linux writes (shape.h). The UDP port is not
 * looked at.
 */
int tenant_find(const uint8_t *frame, uint32_t len, struct tenant *ret_tenant);
