/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What stands before each frame that is read from or written to a TAP device or packet socket with
 * IFF_VNET_HDR: how the kernel wants a frame cut, and which checksum is not finished. The layout is
 * VIRTIO 1.3's struct virtio_net_hdr with hash and tunnel fields (section 5.1.6), as Linux 6.17 and
 * later have it; Debian 12's headers lack the end. Numbers are in the host's byte order, which is
 * little-endian here.
 */

#include <stdint.h>

struct vnet_header {
	uint8_t flags;        /* VNET_FLAG_* */
	uint8_t gso_type;     /* VNET_GSO_*, and bits beside it */
	uint16_t header_len;  /* bytes of all headers, a hint */
	uint16_t gso_size;    /* payload of each segment */
	uint16_t csum_start;  /* from the frame's first byte */
	uint16_t csum_offset; /* from csum_start */
	uint16_t buffers;     /* 0 or 1 */
	uint32_t hash;
	uint16_t hash_report;
	uint16_t padding;
	uint16_t outer_transport; /* with a tunnel bit: where the outer UDP header begins, */
	uint16_t inner_network;   /* and the inner IP header */
};

/* What every kernel gives and takes: up to buffers, and without tunnel fields. */
#define VNET_HEADER_SHORT_LEN 12
#define VNET_HEADER_LEN       24
_Static_assert(sizeof(struct vnet_header) == VNET_HEADER_LEN, "as TUNSETVNETHDRSZ says");

/* The checksum at csum_start + csum_offset is the pseudo-header's sum only. */
#define VNET_FLAG_NEEDS_CSUM 0x01
/* The checksum has been checked. */
#define VNET_FLAG_DATA_VALID 0x02
/* The outer UDP checksum of a tunnel is asked for, too. */
#define VNET_FLAG_TUNNEL_CSUM 0x08

#define VNET_GSO_NONE   0
#define VNET_GSO_TCPV4  1
#define VNET_GSO_TCPV6  4
#define VNET_GSO_UDP_L4 5
/* Bits beside the type. */
#define VNET_GSO_TUNNEL_IPV4 0x20
#define VNET_GSO_TUNNEL_IPV6 0x40
#define VNET_GSO_ECN         0x80
#define VNET_GSO_TUNNEL      (VNET_GSO_TUNNEL_IPV4 | VNET_GSO_TUNNEL_IPV6)
