/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A VXLAN device sends what it has no address for to each of its peers: copies of one frame, in
 * outer packets to different VTEPs (head-end replication). If that frame does not fit, its sender
 * gets one answer, not one for each copy. The copies may come through any worker, so all workers
 * look into the same table. They write there only when they are about to answer.
 */

#include "keyed_hash.h"
#include <stdbool.h>
#include <stdint.h>

#define TOO_BIG_FRAMES 64u
/* For so long a frame to another VTEP is a copy. Later, it is the same frame sent again. */
#define TOO_BIG_COPY_MS 100u

struct too_big_copies {
	uint64_t frames[TOO_BIG_FRAMES]; /* accessed atomically; 0: none */
};

/*
 * May this frame be answered, and not only a copy of it that was answered already? Notes it then.
 * vxlan: of len bytes, from VXLAN's header on. vtep: to whom, IPv4's address followed by zeros.
 * Of several workers that ask at once about copies, one is told true. now_ms never falls.
 */
bool too_big_copies_claim(struct too_big_copies *copies, const struct keyed_hash *secret,
			  const uint8_t *vxlan, uint32_t len, const uint8_t vtep[16],
			  uint64_t now_ms);

/* The same question, with nothing noted. */
bool too_big_copies_has(const struct too_big_copies *copies, const struct keyed_hash *secret,
			const uint8_t *vxlan, uint32_t len, const uint8_t vtep[16],
			uint64_t now_ms);
