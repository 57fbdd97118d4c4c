/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The IV oracle's memory: every (SPI, SenderID, WindowID, ESN) seen, with a hash of the packet's
 * bytes. AES-GCM is broken by one quadruple that appears with two different packets.
 *
 * Nothing is ever forgotten. A sender counts, so neighbours share a chunk, and a packet costs
 * little more than its hash of 8 bytes: ten minutes at 50,000 packets a second are 240 MB.
 */

#include <stddef.h>
#include <stdint.h>

#define QUADS_PER_CHUNK 256 /* a power of two */

struct quad {
	uint32_t spi;
	uint16_t sender_id;
	uint16_t window_id;
	uint64_t esn;
};

/* Hashes of packets whose ESNs differ in the lowest bits alone; 0: not seen. */
struct quads_chunk {
	struct quad first; /* ESN with those bits zero */
	uint64_t bytes[QUADS_PER_CHUNK];
};

struct quads {
	struct quads_chunk **slots; /* open addressing, at most half full */
	size_t size;                /* a power of two */
	size_t chunk_count;
	size_t count;
};

enum quad_verdict {
	QUAD_NEW,
	QUAD_SAME,      /* seen before with the same bytes: a replay or a duplicate */
	QUAD_DIFFERENT, /* seen before with different bytes: the IV was used twice */
};

/* 0 or -ENOMEM. */
int quads_init(struct quads *quads);
void quads_free(struct quads *quads);

/* Note one packet: the VPE header and what follows. Returns a quad_verdict or -ENOMEM. */
int quads_note(struct quads *quads, uint32_t spi, uint16_t sender_id, uint16_t window_id,
	       uint64_t esn, const uint8_t *bytes, size_t len);
