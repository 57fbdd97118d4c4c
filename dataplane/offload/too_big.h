/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What tells a tenant that its packet does not fit: ICMP "fragmentation needed" (RFC 792, RFC 1191)
 * or ICMPv6 "packet too big" (RFC 4443 section 3.2). It comes as the kernel's VXLAN device would
 * make it: from the address that the packet was sent to, in VXLAN from the VTEP that has this
 * address.
 */

#include <stdbool.h>
#include <stdint.h>

/* Outer and inner headers, two tags, and IPv6's smallest MTU. */
#define TOO_BIG_ANSWER_MAX (14u + 40 + 8 + 8 + 14 + 2 * 4 + 1280)

struct too_big_link {
	uint32_t packet_max; /* bytes of the longest outer IP packet that may leave */
	uint16_t vxlan_port; /* others' packets are not answered */
	uint8_t mac[6];      /* of the interface that the answer goes to */
};

/* Who sent what the answer is about. */
struct too_big_sender {
	uint32_t vni;
	uint8_t address[16];  /* of the tenant's packet; IPv4's is followed by zeros */
	uint8_t vtep[16];     /* that the VXLAN device sent it to, likewise */
	const uint8_t *vxlan; /* in the frame: VXLAN's header */
};

/*
 * Write the answer to this frame, which the kernel has sent and which does not fit. to: room for
 * TOO_BIG_ANSWER_MAX bytes. Returns its length. 0: there must be none, or there can be none. None
 * is sent about what was sent to several, by its inner or its outer address, about an ICMP error,
 * also behind extension headers, about a later fragment, and about what hides what it is (RFC 1122
 * section 3.2.2, RFC 4443 section 2.4; of its exceptions, multicast is not used here: each
 * receiver's answer would come from the same place); and none if the packet is no longer than the
 * smallest MTU that a host must believe.
 */
uint32_t too_big_answer(const struct too_big_link *link, const uint8_t *frame, uint32_t len,
			struct too_big_sender *ret_sender, uint8_t *to);
