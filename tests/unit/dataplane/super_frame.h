/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Super-frames as the kernel's VXLAN devices hand them over, of random shapes. They are made
 * without covey's own code. */

#include <stdbool.h>
#include <stdint.h>
#include <vnet_header.h>

#define SUPER_FRAME_SEGMENTS_MAX 64u

struct random {
	uint64_t state;
};

/* SplitMix64. */
uint64_t random_next(struct random *random);
unsigned random_below(struct random *random, unsigned limit);

struct super_frame {
	uint8_t frame[65700];
	uint32_t len;
	unsigned outer_ip, outer_udp, inner_ip, l4, payload; /* where headers begin */
	bool outer6, inner6, udp, outer_checksum;
	struct vnet_header header;
};

/* Of both families, inside and outside, with or without tags, outer checksums and TCP's options; at
 * most SUPER_FRAME_SEGMENTS_MAX segments, and no packet above 9,000 bytes. */
void super_frame_make(struct random *random, struct super_frame *super);

/* Lengths and checksums as the kernel has them: of the whole, and the sums of pseudo-headers. */
void super_frame_finish(struct super_frame *super);
