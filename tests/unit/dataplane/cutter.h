/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Linux as the reference that cuts super-frames: two TAP devices on a bridge in a network namespace
 * of their own. What is written to the first as a super-frame, the kernel cuts before the second,
 * which takes nothing but single packets.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vnet_header;
struct iovec;

struct cutter {
	int in, out;
};

/* Moves the calling process into a namespace of its own. False when the kernel's TAP devices take
 * no super-frames in tunnels (before Linux 6.17). */
bool cutter_open(struct cutter *cutter);
void cutter_close(struct cutter *cutter);

/* Hand a frame to the kernel. Returns 0 or a negative errno: it refused the frame. */
int cutter_write(struct cutter *cutter, const struct vnet_header *header,
		 const struct iovec *pieces, unsigned count);

/* The next packet that comes out. Returns its length, or 0 when none comes. */
size_t cutter_read(struct cutter *cutter, uint8_t *packet, size_t size);
