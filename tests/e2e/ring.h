/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One interface's incoming frames through a TPACKET_V3 ring (packet(7)).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_BLOCK_TIMEOUT_MS 10 /* a frame waits no longer than this in a block */

struct ring {
	const char *interface;
	int fd;
	uint8_t *blocks;
	unsigned next;
	uint64_t dropped; /* by the kernel, since opening */
};

typedef void ring_frame(void *arg, unsigned ring, const uint8_t *frame, size_t len);

/* Open the ring on interface, which must outlive it. 0 or negative errno. */
int ring_open(struct ring *ring, const char *interface);
void ring_close(struct ring *ring);

/* Hand every frame that is ready to the callback, under the number given. True when there was one.
 */
bool ring_drain(struct ring *ring, unsigned number, ring_frame *callback, void *arg);

/* Read the kernel's drop counter into ring->dropped. 0 or negative errno. */
int ring_read_drops(struct ring *ring);
