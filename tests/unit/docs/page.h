/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The hex blocks of docs/protocol.md. A block is fenced as ```hex and its first line is its name:
 * "; udp-ipv4 outer". Elsewhere a semicolon begins a comment.
 */

#include <stddef.h>
#include <stdint.h>

#define BLOCK_MAX 512

struct block {
	uint8_t bytes[BLOCK_MAX];
	size_t len;
};

/*
 * Read the block of that name. Fails the running test when it is not there exactly once, is empty,
 * or holds anything but bytes in hex.
 */
void page_block(const char *name, struct block *ret_block);

/* The same for "PACKET FIELD". */
void page_field(const char *packet, const char *field, struct block *ret_block);
