/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * UDP datagrams of one size with the same outer headers become one frame for the kernel, which cuts
 * it into just these datagrams again. The way in, after decryption, where the kernel takes no
 * super-frame inside VXLAN (coalesce.h): packets of one inner flow have the same outer headers.
 * Nobody looks behind the outer UDP header.
 *
 * Datagrams join when all that is in their headers up to UDP's is the same but lengths, checksums
 * and IPv4 identifications, and when their checksums are right. A datagram shorter than those
 * before it ends the batch.
 */

#include "vnet_header.h"
#include <stdbool.h>
#include <sys/uio.h>

/* As many as the kernel takes under one header (UDP_MAX_SEGMENTS). */
#define BATCH_DATAGRAMS_MAX 64u

/* One batch in the making. Frames stay the caller's until it was taken. */
struct batch {
	uint32_t len;                             /* of all */
	uint16_t ip, udp;                         /* where these headers begin */
	uint16_t size;                            /* payload of a datagram but the last */
	uint16_t count;                           /* frames; 0: empty */
	bool ipv6, closed;                        /* closed: no other joins */
	struct iovec pieces[BATCH_DATAGRAMS_MAX]; /* the first frame, then others' payloads */
};

/*
 * Take a frame (Ethernet and all). True: it is part of the batch now. False: it is not, take the
 * batch first, then offer it again; the first frame after that is always taken.
 */
bool batch_add(struct batch *batch, uint8_t *frame, uint32_t len);

/*
 * Finish what is there, count > 0: the first frame's headers become the batch's. Write header, then
 * pieces, count of them. Empty afterwards; pieces stay until the next batch_add(). Returns count.
 */
unsigned batch_take(struct batch *batch, struct vnet_header *ret_header);
