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

/*
 * Write the answer to this frame, which the kernel has sent and which does not fit. to: room for
 * TOO_BIG_ANSWER_MAX bytes. Returns its length. 0: there must be none, or there can be none. None
 * is sent about what was sent to several, by its inner or its outer address, about an ICMP error,
 * and about a later fragment (RFC 1122 section 3.2.2, RFC 4443 section 2.4; of its exceptions,
 * multicast is not used here: each receiver's answer would come from the same place).
 */
uint32_t too_big_answer(const struct too_big_link *link, const uint8_t *frame, uint32_t len,
			uint8_t *to);

/*
 * How many answers are given. Each sender, as far as a small table can tell, gets TOO_BIG_BURST at
 * once and then one each TOO_BIG_REFILL_MS. Pure.
 */
#define TOO_BIG_SENDERS   64u
#define TOO_BIG_BURST     8u
#define TOO_BIG_REFILL_MS 50u

struct too_big_pace {
	uint64_t since_ms[TOO_BIG_SENDERS]; /* up to when it was refilled */
	uint8_t used[TOO_BIG_SENDERS];
};

/* Is there an answer left for this sender, any number? Takes it. */
bool too_big_pace_take(struct too_big_pace *pace, uint32_t sender, uint64_t now_ms);

/* The sender of a frame that there is an answer to. */
uint32_t too_big_sender(const uint8_t *answer);
