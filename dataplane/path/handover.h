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
 * An engine of one worker has no handover.
 */

#include <covey/error.h>
#include <port.h>
#include <rte_common.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

struct engine_worker;
struct handover;

/* What one ring holds: as much as the deepest receive queue of a port. So no packet is lost by
 * being handed over that its port would have kept. */
#define HANDOVER_PACKETS PORT_RING_MAX

/* What a burst leaves to others, by index in the burst: between marking and handing over. */
struct handover_burst {
	uint64_t marked;
	uint64_t authenticated;
	uint8_t owners[64];
};

/* workers: 2 to ENGINE_WORKERS_MAX. -ENOMEM, -EMFILE. */
int handover_new(unsigned workers, struct handover **ret_handover, struct covey_error *error);
/* No worker runs. Frees the packets that are still on their way. NULL-safe. */
void handover_free(struct handover *handover);

/* --- handing over --------------------------------------------------------------------------- */

/*
 * Leave the packet at this index of the burst to another worker. It stays where it is until
 * handover_send(), which the burst ends with when anything is marked. authenticated: it has been
 * decrypted, its headers are intact.
 */
static inline void handover_mark(struct handover_burst *burst, unsigned index, unsigned owner,
				 bool authenticated)
{
	burst->marked |= UINT64_C(1) << index;
	burst->authenticated |= (uint64_t)authenticated << index;
	burst->owners[index] = (uint8_t)owner;
}

/* Hand over what is marked, in the burst's order, and leave holes. Packets for which there is no
 * room are dropped and counted. Wakes who sleeps. */
void handover_send(struct engine_worker *worker, struct rte_mbuf **packets);

/*
 * Take at most max packets (64 at the most) that another worker handed over. Bit i of
 * *ret_authenticated: packet i is decrypted.
 */
unsigned handover_take(struct engine_worker *worker, unsigned from, struct rte_mbuf **packets,
		       unsigned max, uint64_t *ret_authenticated);

/* --- sleeping ------------------------------------------------------------------------------- */

/* Before the worker sleeps: whoever hands over from now on makes handover_fd() readable. False when
 * there are packets already: then do not sleep. handover_woken() in either case. */
bool handover_sleeps(struct engine_worker *worker);
void handover_woken(struct engine_worker *worker);
int handover_fd(const struct engine_worker *worker);
