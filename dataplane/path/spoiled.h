/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Packets that failed authentication: was each one forged, or a genuine one that was spoiled on its
 * way? A sender uses each ESN once. So when a window has moved past the ESN of a failed packet,
 * and the ESN has come in another packet that authenticates, the failed one was forged. When
 * it has not come, the failed one was the genuine one. Nobody who can only add packets to the wire
 * can make one that counts as spoiled, unless the genuine one was lost; but who listens here sees
 * which ones were. docs/threat-model.md says what that is good for.
 *
 * A worker keeps some failed packets, and judges each when its place is needed for another one:
 * then some time has passed. Only failed packets cost anything. Windows are only read.
 */

#include <stdbool.h>
#include <stdint.h>

struct engine_worker;

/* How many failed packets come between a packet and the verdict on it. */
#define SPOILED_KEPT 64u

struct failed_packet {
	uint64_t esn;
	uint32_t spi;    /* 0: none */
	uint32_t window; /* windows_key() */
	bool gathered;   /* it was read together with others */
};

struct failed_packets {
	uint64_t count; /* so far */
	struct failed_packet kept[SPOILED_KEPT];
};

/* Keep a failed packet of a window that is this worker's. What was kept in its place is judged and
 * counted in the worker's counters. */
void spoiled_note(struct engine_worker *worker, const struct failed_packet *packet);
