/* SPDX-License-Identifier: BSD-3-Clause */
#include "too_big_copies.h"

/* What is kept of a frame: a hash of it (32 bits), of its VTEP (12 bits), and when (20 bits). */
#define MS_BITS   20
#define VTEP_BITS 12
#define MS_MASK   ((UINT64_C(1) << MS_BITS) - 1)
#define VTEP_MASK ((UINT64_C(1) << VTEP_BITS) - 1)

static uint64_t describe(const struct keyed_hash *secret, const uint8_t *vxlan, uint32_t len,
			 const uint8_t vtep[16], uint64_t now_ms)
{
	return (uint64_t)keyed_hash(secret, vxlan, len) << (MS_BITS + VTEP_BITS) |
	       (keyed_hash(secret, vtep, 16) & VTEP_MASK) << MS_BITS | (now_ms & MS_MASK);
}

static unsigned place_of(uint64_t frame)
{
	return (frame >> (MS_BITS + VTEP_BITS)) % TOO_BIG_FRAMES;
}

/* The other one may have been noted a moment later, by a worker that looked at its clock later. */
static bool is_copy(uint64_t frame, uint64_t other)
{
	uint64_t age_ms = (frame - other + TOO_BIG_COPY_MS) & MS_MASK;

	return frame >> (MS_BITS + VTEP_BITS) == other >> (MS_BITS + VTEP_BITS) &&
	       (frame >> MS_BITS & VTEP_MASK) != (other >> MS_BITS & VTEP_MASK) &&
	       age_ms < 2 * TOO_BIG_COPY_MS;
}

bool too_big_copies_has(const struct too_big_copies *copies, const struct keyed_hash *secret,
			const uint8_t *vxlan, uint32_t len, const uint8_t vtep[16], uint64_t now_ms)
{
	uint64_t frame = describe(secret, vxlan, len, vtep, now_ms);

	return is_copy(frame, __atomic_load_n(&copies->frames[place_of(frame)], __ATOMIC_RELAXED));
}

bool too_big_copies_claim(struct too_big_copies *copies, const struct keyed_hash *secret,
			  const uint8_t *vxlan, uint32_t len, const uint8_t vtep[16],
			  uint64_t now_ms)
{
	uint64_t frame = describe(secret, vxlan, len, vtep, now_ms);
	uint64_t *place = &copies->frames[place_of(frame)];
	uint64_t was = __atomic_load_n(place, __ATOMIC_RELAXED);

	do {
		if (is_copy(frame, was))
			return false;
	} while (!__atomic_compare_exchange_n(place, &was, frame, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}
