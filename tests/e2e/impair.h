/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the forwarder does to a packet: at most one thing, chosen by a generator that a seed starts.
 */

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

enum impairment {
	IMPAIR_DROP,
	IMPAIR_DUPLICATE, /* the copy follows at once */
	IMPAIR_HOLD,      /* later packets overtake it */
	IMPAIR_FLIP,      /* one bit of the ICV or of the ciphertext */
	IMPAIR_TRUNCATE,  /* somewhere behind the VPE header's start; lengths are made right */
	IMPAIR_READDRESS, /* another source address */
	IMPAIRMENTS,
	IMPAIR_NONE = IMPAIRMENTS,
};

extern const char *const impairment_names[IMPAIRMENTS];

struct impair {
	uint64_t state;                  /* of the generator; any value but 0 */
	uint32_t per_mille[IMPAIRMENTS]; /* their sum is at most 1000 */
	uint64_t done[IMPAIRMENTS];
	uint64_t truncated_in_header; /* of those truncated: nothing left to authenticate */
};

/* Choose for the next packet and count it. */
enum impairment impair_choose(struct impair *impair);

/* Flip, truncate or re-address in place; returns the frame's length after it. */
size_t impair_frame(struct impair *impair, enum impairment impairment, uint8_t *frame, size_t len,
		    const struct wire_packet *packet);
