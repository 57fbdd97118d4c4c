/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Packets that reached a worker which does not own their window, on their way to the one that does.
 * One ring for each ordered pair of workers, so that each has one producer and one consumer: no
 * lock and no atomic read-modify-write. What goes from one worker to another keeps its order.
 *
 * Whether a packet has authenticated and is decrypted already (its window was claimed by another
 * worker in the same moment) travels in its ring entry, not in the packet: nothing that comes from
 * a port can say so.
 *
 * One worker alone has no handover.
 */

#include <covey/error.h>
#include <dataplane.h>
#include <port.h>
#include <rte_common.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

struct handover;

#define HANDOVER_WORKERS_MAX 64u
/* The largest burst of which packets are marked, and the most that are taken over at once. */
#define HANDOVER_BURST_MAX 64u

/* What one ring holds: as much as the deepest receive queue of a port. So no packet is lost by
 * being handed over that its port would have kept. */
#define HANDOVER_PACKETS PORT_RING_MAX

/* One worker's side of it. */
struct handover_side {
	struct handover *handover; /* NULL when there is one worker */
	unsigned index;            /* of the worker */
	struct dataplane_counters *counters;
	/* What the burst that it is at leaves to others, by index in the burst: */
	uint64_t marked;
	uint64_t authenticated;
	uint8_t owners[HANDOVER_BURST_MAX];
};

/* workers: 2 to HANDOVER_WORKERS_MAX. -ENOMEM, -EMFILE. */
int handover_new(unsigned workers, struct handover **ret_handover, struct covey_error *ret_error);
/* No worker runs. Frees the packets that are still on their way. NULL-safe. */
void handover_free(struct handover *handover);

/* --- handing over --------------------------------------------------------------------------- */

/*
 * Leave the packet at this index of the burst to another worker. It stays where it is until
 * handover_send(), which the burst ends with when anything is marked. authenticated: it has been
 * decrypted, its headers are intact.
 */
static inline void handover_mark(struct handover_side *side, unsigned index, unsigned owner,
				 bool authenticated)
{
	side->marked |= UINT64_C(1) << index;
	side->authenticated |= (uint64_t)authenticated << index;
	side->owners[index] = (uint8_t)owner;
}

/* Hand over what is marked, in the burst's order, and leave holes. Packets for which there is no
 * room are dropped and counted. Wakes who sleeps. */
void handover_send(struct handover_side *side, struct rte_mbuf **packets);

/*
 * Take at most max packets (HANDOVER_BURST_MAX at the most) that another worker handed over. Bit i
 * of *ret_authenticated: packet i is decrypted.
 */
unsigned handover_take(struct handover_side *side, unsigned from, struct rte_mbuf **packets,
		       unsigned max, uint64_t *ret_authenticated);

/* --- sleeping ------------------------------------------------------------------------------- */

/* Before the worker sleeps: whoever hands over from now on makes handover_fd() readable. False when
 * there are packets already: then do not sleep. handover_woken() in either case. */
bool handover_sleeps(struct handover_side *side);
void handover_woken(struct handover_side *side);
int handover_fd(const struct handover_side *side);
