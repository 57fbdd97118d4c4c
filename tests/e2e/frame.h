/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A numbered frame of the delivery oracle: the payload of one UDP datagram, all big-endian.
 *
 *   0  magic (8) | 8 stream (4) | 12 size (4) | 16 number (8) | 24 checksum (8) | 32 canary, over
 * and over
 *
 * Numbers of a stream start at 0. The checksum is over all other bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_CANARY 16
#define FRAME_HEADER 32
#define FRAME_MIN    (FRAME_HEADER + FRAME_CANARY)
#define FRAME_MAX    9000

struct frame {
	uint32_t stream;
	uint64_t number;
};

/* Write size bytes (FRAME_MIN..FRAME_MAX) into bytes. */
void frame_write(uint8_t *bytes, size_t size, const struct frame *frame, const uint8_t *canary);

/* False when the bytes are no frame or were altered. */
bool frame_read(const uint8_t *bytes, size_t size, struct frame *ret_frame);
