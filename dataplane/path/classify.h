/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What kind of frame it is, as far as covey needs to know. Pure. A frame that may hide VXLAN and
 * cannot be parsed to its end is malformed, and so does not pass.
 */

#include <covey/tunnel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_kind {
	FRAME_BYPASS,           /* neither VXLAN nor VPE */
	FRAME_VXLAN,            /* a whole packet of VXLAN, or of another tunnel that is carried */
	FRAME_VPE,              /* a whole VPE packet, in UDP or IP */
	FRAME_MALFORMED,        /* a broken header, or more headers than the bounds allow */
	FRAME_FRAGMENT_VXLAN,   /* the first fragment of VXLAN */
	FRAME_FRAGMENT_VPE,     /* a fragment of VPE */
	FRAME_QUOTED_VXLAN,     /* an ICMP error that quotes a VXLAN packet */
	FRAME_TUNNEL,           /* a tunnel that is not carried, or its first fragment */
	FRAME_FRAGMENT_UNKNOWN, /* a later fragment of UDP, or of what follows extension headers */
};

/* Ports and protocol to look for, in host byte order. */
struct classifier {
	uint16_t vxlan_port;
	uint16_t vpe_port;
	uint8_t vpe_protocol;
	struct covey_tunnel tunnels[COVEY_TUNNELS_MAX]; /* of other ports */
	size_t tunnel_count;
};

/* What was found. l2_len and ip_len are set for IP that is not malformed. The rest is set for
 * FRAME_VXLAN and FRAME_VPE only, and vni for FRAME_FRAGMENT_VXLAN and FRAME_TUNNEL. */
struct frame {
	enum frame_kind kind;
	uint16_t l2_len;         /* Ethernet header and VLAN tags */
	uint16_t ip_len;         /* length of the IP packet, without Ethernet's padding */
	uint16_t payload_offset; /* from the IP header to the VXLAN or VPE header */
	uint16_t payload_len;    /* from there to the end */
	uint16_t source_port;    /* UDP, 0 when there is none */
	bool in_udp;             /* for VPE: it is in UDP, not directly in IP */
	uint32_t vni;            /* for VXLAN; of its first fragment, too, or UINT32_MAX */
};

/*
 * Classify an Ethernet frame of frame_len bytes. The first len of them are at data, the rest in
 * other buffers. len <= frame_len.
 */
void classify_frame(const struct classifier *classifier, const uint8_t *data, size_t len,
		    size_t frame_len, struct frame *ret_frame);

/* The same for an IP packet without Ethernet. l2_len does not change. */
void classify_ip(const struct classifier *classifier, const uint8_t *ip, size_t len,
		 size_t packet_len, struct frame *ret_frame);
