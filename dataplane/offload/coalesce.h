/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Packets that follow each other in one inner flow become one super-frame for the kernel: TCP
 * segments in order, or UDP datagrams of one size. The way in, after decryption. What comes out is
 * what the kernel cuts into just these packets again.
 *
 * Packets join when all that is in their headers is the same but lengths, checksums, IPv4
 * identifications, and TCP's sequence number and PSH; when both their checksums are right; and when
 * no flag but ACK and PSH is set. PSH, and a segment shorter than those before it, end a
 * super-frame.
 */

#include "shape.h"
#include "vnet_header.h"
#include <sys/uio.h>

/* As many segments as the kernel takes under one header (UDP_MAX_SEGMENTS), in as many pieces. */
#define COALESCE_SEGMENTS_MAX 64u

/* What the kernel takes: which flows may be joined. */
struct coalesce_offloads {
	bool tcp4, tcp6, udp; /* by the inner packet */
	bool outer_checksum;  /* under an outer UDP checksum too */
};

/* One super-frame in the making. Frames stay the caller's until it was taken. */
struct coalesce {
	struct coalesce_offloads offloads;
	struct shape shape; /* of the first frame */
	uint32_t next;      /* TCP's sequence number that follows */
	uint32_t len;       /* of all */
	uint16_t size;      /* payload of a segment but the last */
	uint16_t next_id[2];
	uint16_t count;                             /* frames; 0: empty */
	bool closed;                                /* no other joins */
	struct iovec pieces[COALESCE_SEGMENTS_MAX]; /* the first frame, then others' payloads */
};

/*
 * Take a frame (Ethernet and all). True: it is part of the super-frame now. False: it is not, take
 * the super-frame first, then offer it again; the first frame after that is always taken.
 */
bool coalesce_add(struct coalesce *coalesce, uint8_t *frame, uint32_t len);

/*
 * Finish what is there, count > 0: the first frame's headers become the super-frame's. Write
 * header, then pieces, count of them. Empty afterwards; pieces stay until the next coalesce_add().
 * Returns count.
 */
unsigned coalesce_take(struct coalesce *coalesce, struct vnet_header *ret_header);
