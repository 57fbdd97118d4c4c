/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A tenant's packet in VXLAN, as the kernel hands it over, and what must come of it if it does not
 * fit. It is made, and checksums are summed up, without covey's own code.
 */

#include <segment.h>
#include <stdbool.h>
#include <stdint.h>

#define TENANT_PACKET_MAX 1440u /* bytes of the longest outer IP packet that may leave */
#define TENANT_PORT       4789u /* VXLAN's */
#define TENANT_PIECES_MAX 16u

enum tenant_kind { TCP, UDP, PING, ARP };

struct tenant_wish {
	const char *name;
	enum tenant_kind kind;
	bool outer6, inner6, may_fragment;
	unsigned len; /* of the tenant's IP packet */
	void (*change)(uint8_t *frame, unsigned inner);
};

struct tenant_packet {
	uint8_t frame[4000];
	uint32_t len;
	unsigned outer, udp, ethernet, inner, l4; /* where headers begin */
	struct vnet_header header;
};

/* What it was cut to. */
struct tenant_pieces {
	unsigned count;
	uint32_t lens[TENANT_PIECES_MAX];
	uint8_t bytes[TENANT_PIECES_MAX][2000];
};

/* Make the packet that is wished for, and change it last. */
void tenant_make(const struct tenant_wish *wish, struct tenant_packet *packet);

/* Write a number of 16 bits, the high byte first; of a larger value, the low 16 bits. */
void tenant_put16(uint8_t *at, unsigned value);
/* Read such a number. */
unsigned tenant_get16(const uint8_t *at);
/* Add these bytes to a sum (RFC 1071). 0xffff: the checksum among them is right. */
unsigned tenant_sum16(const uint8_t *from, unsigned len, unsigned sum);
/* The sum of the pseudo-header, for the checksum of len bytes behind this IP header. */
unsigned tenant_pseudo(const uint8_t *ip, unsigned protocol, unsigned len);
/* Make the checksum of this IPv4 header right again. */
void tenant_fix_checksum(uint8_t *ip);

/* Cut the packet to TENANT_PACKET_MAX, and say why if that cannot be. */
enum segment_error tenant_cut(const struct tenant_packet *packet, struct tenant_pieces *pieces);
/* Write what its sender is told, up to TOO_BIG_ANSWER_MAX bytes. Returns the length; 0: nothing. */
uint32_t tenant_answer(const struct tenant_packet *packet, uint8_t *ret_answer);
/* The same where outer packets may have packet_max bytes. */
uint32_t tenant_answer_within(const struct tenant_packet *packet, uint32_t packet_max,
			      uint8_t *ret_answer);

/* The pieces must be TCP segments that, put together again, are the packet. */
void tenant_expect_segments(const struct tenant_packet *packet, const struct tenant_pieces *pieces);
/* The pieces must be IPv4 fragments that, put together again, are the packet. */
void tenant_expect_fragments(const struct tenant_packet *packet,
			     const struct tenant_pieces *pieces);
/* The frame must be the answer to the packet, as the tenant's kernel checks it. */
void tenant_expect_answer(const struct tenant_packet *packet, const uint8_t *frame, uint32_t len);
