/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Packets that came to a worker that does not own their window, and that go to the worker that
 * does. There is one ring for each ordered pair of workers. So each ring has one producer and one
 * consumer, and needs no lock and no atomic read-modify-write. Packets from one worker to another
 * keep their order.
 *
 * A packet may be authenticated and decrypted already, when another worker has claimed its window
 * at the same moment. This is noted in the ring's entry, not in the packet, so that nothing that
 * comes from a port can claim it.
 *
 * A single worker has no handover.
 */

#include <capture_ring.h>
#include <covey/error.h>
#include <dataplane.h>
#include <port.h>
#include <rte_common.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

struct handover;

#define HANDOVER_WORKERS_MAX 64u
/* The largest burst in which packets can be marked, and the most packets that are taken at once. */
#define HANDOVER_BURST_MAX 64u

/* How many packets a ring holds: as many as the deepest receive queue of a port. So a packet that
 * its port would have kept is not lost because it is handed over. */
#define HANDOVER_PACKETS PORT_RING_MAX

/* One worker's part of it. */
struct handover_side {
	struct handover *handover; /* NULL when there is one worker */
	unsigned index;            /* of the worker */
	struct dataplane_counters *counters;
	const struct capture_point *capture; /* of what is dropped */
	/* Which packets of the current burst go to other workers, by index in the burst: */
	uint64_t marked;
	uint64_t authenticated;
	uint8_t owners[HANDOVER_BURST_MAX];
};

/* workers: 2 to HANDOVER_WORKERS_MAX. -ENOMEM, -EMFILE. */
int handover_new(unsigned workers, struct handover **ret_handover, struct covey_error *error);
/* No worker may run. Frees the packets that are still in rings. NULL-safe. */
void handover_free(struct handover *handover);

/* --- handing over --------------------------------------------------------------------------- */

/*
 * Mark the packet at this index of the burst for another worker. It stays in the burst until
 * handover_send(), which must be called at the end of a burst in which something is marked.
 * authenticated: it has been decrypted, and its headers are unchanged.
 */
static inline void handover_mark(struct handover_side *side, unsigned index, unsigned owner,
				 bool authenticated)
{
	side->marked |= UINT64_C(1) << index;
	side->authenticated |= (uint64_t)authenticated << index;
	side->owners[index] = (uint8_t)owner;
}

/* Hand over the marked packets, in the burst's order, and leave gaps. Packets for which there is no
 * room are dropped and counted. Wakes a receiver that sleeps. */
void handover_send(struct handover_side *side, struct rte_mbuf **packets);

/*
 * Take at most max packets (HANDOVER_BURST_MAX or fewer) that another worker has handed over. Bit i
 * of *ret_authenticated is set when packet i is decrypted.
 */
unsigned handover_take(struct handover_side *side, unsigned from, struct rte_mbuf **packets,
		       unsigned max, uint64_t *ret_authenticated);

/* --- sleeping ------------------------------------------------------------------------------- */

/* To be called before the worker sleeps. From now on, whoever hands packets over makes
 * handover_fd() readable. False when there are packets already: then the worker must not sleep.
 * Call handover_woken() in both cases. */
bool handover_sleeps(struct handover_side *side);
void handover_woken(struct handover_side *side);
int handover_fd(const struct handover_side *side);
