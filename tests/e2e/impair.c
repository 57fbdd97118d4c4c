/* SPDX-License-Identifier: BSD-3-Clause */
#include "impair.h"

#define ICV_OFFSET 16

const char *const impairment_names[IMPAIRMENTS] = {
	[IMPAIR_DROP] = "drop", [IMPAIR_DUPLICATE] = "duplicate", [IMPAIR_HOLD] = "hold",
	[IMPAIR_FLIP] = "flip", [IMPAIR_TRUNCATE] = "truncate",   [IMPAIR_READDRESS] = "readdress",
};

/* xorshift64 (Marsaglia 2003) */
static uint64_t next(struct impair *impair)
{
	impair->state ^= impair->state << 13;
	impair->state ^= impair->state >> 7;
	impair->state ^= impair->state << 17;
	return impair->state;
}

enum impairment impair_choose(struct impair *impair)
{
	uint64_t dice = (next(impair) >> 20) % 1000;

	for (int i = 0; i < IMPAIRMENTS; i++) {
		if (dice < impair->per_mille[i]) {
			impair->done[i]++;
			return (enum impairment)i;
		}
		dice -= impair->per_mille[i];
	}
	return IMPAIR_NONE;
}

static size_t truncate_frame(struct impair *impair, uint8_t *frame,
			     const struct wire_packet *packet)
{
	size_t len = packet->vpe + next(impair) % (packet->end - packet->vpe);

	impair->truncated_in_header += len < packet->vpe + WIRE_VPE_HEADER;
	wire_repair(frame, len, packet);
	return len;
}

static void readdress(uint8_t *frame, size_t len, const struct wire_packet *packet)
{
	size_t last_byte = packet->ip + (packet->ip_version == 6 ? 8 + 15 : 12 + 3);

	frame[last_byte] ^= 0x40;
	wire_repair(frame, len, packet);
}

size_t impair_frame(struct impair *impair, enum impairment impairment, uint8_t *frame, size_t len,
		    const struct wire_packet *packet)
{
	size_t at;

	switch (impairment) {
	case IMPAIR_FLIP:
		at = packet->vpe + ICV_OFFSET;
		at += next(impair) % (packet->end - at);
		frame[at] ^= (uint8_t)(1u << (next(impair) % 8));
		wire_repair(frame, packet->end,
			    packet); /* or a kernel would find it before covey */
		return len;
	case IMPAIR_TRUNCATE:
		return truncate_frame(impair, frame, packet);
	case IMPAIR_READDRESS:
		readdress(frame, packet->end, packet);
		return len;
	default:
		return len;
	}
}
