/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Where the headers of a VXLAN frame are that carries TCP or UDP: outer Ethernet (with VLAN tags),
 * IPv4 or IPv6, UDP, VXLAN, inner Ethernet (with VLAN tags), IPv4 or IPv6, TCP or UDP. VXLAN-GPE
 * and Geneve, which may have options,
 * may say that there is no inner Ethernet. What has other headers, IP options, extension headers or
 * fragments among it, has no shape.
 */

#include <stdbool.h>
#include <stdint.h>

/* Offsets from the frame's first byte. */
struct shape {
	uint16_t outer_ip;
	uint16_t outer_udp;
	uint16_t inner_ip;
	uint16_t l4;      /* TCP's or UDP's header */
	uint16_t payload; /* behind it: all before are headers */
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	bool outer_ipv6;
	bool inner_ipv6;
	bool inner_ethernet;
};

/* The longest headers that have a shape: three Ethernet headers' worth of tags, IPv6 twice, TCP
 * with all its options. */
#define SHAPE_HEADERS_MAX 192u

/*
 * Find them. Reads headers only, and nothing behind len. Lengths that the headers themselves give
 * are not looked at: those of a super-frame are the whole's, or nothing. Returns 0, or -EINVAL: the
 * frame has no shape.
 */
int shape_find(const uint8_t *frame, uint32_t len, struct shape *ret_shape);

/* Is it Geneve, by the port and the type of what is inside? udp: where UDP's header is. */
bool shape_is_geneve(const uint8_t *frame, uint32_t len, uint32_t udp);

/* Skip an Ethernet header and its tags, and move *at behind them. Returns the ethertype; 0: cut
 * short, or too many tags. */
uint16_t shape_skip_ethernet(const uint8_t *frame, uint32_t len, uint32_t *at);

/* The same for IP without options and fragments, in a frame of that ethertype. Returns the IP
 * protocol; IPPROTO_MAX: there is none. */
unsigned shape_skip_ip(const uint8_t *frame, uint32_t len, uint16_t type, uint32_t *at,
		       bool *ret_ipv6);

/* True when the outer packet is a fragment of UDP, or over IPv6, where the kernel puts no other
 * header before it, of anything. */
bool shape_is_fragment(const uint8_t *frame, uint32_t len);
