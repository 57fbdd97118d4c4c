/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Copies of packets that a worker drops, for an operator who wants to see them. Almost always there
 * is no ring, and dropping a packet costs one more read. Where there is one, the worker puts the
 * packet's first bytes into it, and the control thread takes them out. What does not fit is
 * counted. So a worker neither waits nor allocates, and a flood of packets that are dropped does
 * not fill more than the ring.
 */

#include <covey/drop.h>
#include <dataplane.h>
#include <rte_branch_prediction.h>
#include <rte_mbuf.h>
#include <stdatomic.h>

#include "trace.h"

/* How many packets a worker's ring holds. */
#define CAPTURE_RING_PACKETS 1024u

struct capture_ring;

/* Where a worker looks for its ring. NULL: there is none. */
struct capture_point {
	_Atomic(struct capture_ring *) ring;
};

/* What is kept of one packet. Its size is a multiple of four, as rte_ring(3) wants it. */
struct capture_record {
	uint64_t tsc;      /* when */
	uint32_t full_len; /* of the frame */
	uint16_t len;      /* of what is kept of it */
	uint16_t reason;   /* enum covey_drop */
	uint8_t bytes[DATAPLANE_CAPTURE_BYTES];
};

/* NULL: no memory. */
struct capture_ring *capture_ring_new(void);
/* Nobody may use it any more. NULL-safe. */
void capture_ring_free(struct capture_ring *ring);

/* For the ring's worker alone: keep a frame's first bytes, at most max of them. */
void capture_ring_keep(struct capture_ring *ring, enum covey_drop reason,
		       const struct rte_mbuf *packet, uint32_t max);

/* For the control thread alone. False: there is none. */
bool capture_ring_take(struct capture_ring *ring, struct capture_record *ret_record);
/* How many packets did not fit until now. */
uint64_t capture_ring_missed(const struct capture_ring *ring);

static inline void capture_drop_part(const struct capture_point *point, enum covey_drop reason,
				     const struct rte_mbuf *packet, uint32_t max)
{
	struct capture_ring *ring = atomic_load_explicit(&point->ring, memory_order_acquire);

	trace_drop(reason, packet->pkt_len);
	if (unlikely(ring != NULL))
		capture_ring_keep(ring, reason, packet, max);
}

/* To be called before a packet that is dropped is freed. */
static inline void capture_drop(const struct capture_point *point, enum covey_drop reason,
				const struct rte_mbuf *packet)
{
	capture_drop_part(point, reason, packet, UINT32_MAX);
}
