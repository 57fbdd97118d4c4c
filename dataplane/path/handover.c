/* SPDX-License-Identifier: BSD-3-Clause */
#include "handover.h"
#include <counter.h>
#include <errno.h>
#include <rte_ring.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

_Static_assert(HANDOVER_BURST_MAX <= 64, "a burst's packets fit a mask");
_Static_assert(HANDOVER_WORKERS_MAX <= UINT8_MAX + 1, "a worker's index fits owners[]");

/* What the other workers, which hand packets over, see of a worker. */
struct receiver {
	atomic_bool asleep;
	int event_fd;
} __rte_cache_aligned;

struct handover {
	unsigned workers;
	struct receiver receivers[HANDOVER_WORKERS_MAX];
	struct rte_ring *rings[HANDOVER_WORKERS_MAX][HANDOVER_WORKERS_MAX]; /* [from][to] */
};

/* --- a ring's entry: a packet's address; its lowest bit says: authenticated already --------- */

#define AUTHENTICATED ((uintptr_t)1)

static void *entry_of(struct rte_mbuf *packet, bool authenticated)
{
	return (void *)((uintptr_t)packet | (authenticated ? AUTHENTICATED : 0));
}

static struct rte_mbuf *packet_of(void *entry)
{
	return (struct rte_mbuf *)((uintptr_t)entry & ~AUTHENTICATED);
}

static bool is_authenticated(void *entry)
{
	return (uintptr_t)entry & AUTHENTICATED;
}

/* --- life ----------------------------------------------------------------------------------- */

static struct rte_ring *new_ring(void)
{
	size_t size =
		RTE_ALIGN_CEIL((size_t)rte_ring_get_memsize(HANDOVER_PACKETS), RTE_CACHE_LINE_SIZE);
	struct rte_ring *ring = aligned_alloc(RTE_CACHE_LINE_SIZE, size);

	if (ring)
		rte_ring_init(ring, "handover", HANDOVER_PACKETS, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return ring;
}

static void free_ring(struct rte_ring *ring)
{
	void *entry;

	if (!ring)
		return;
	while (rte_ring_sc_dequeue(ring, &entry) == 0)
		rte_pktmbuf_free(packet_of(entry));
	free(ring);
}

static int open_receiver(struct handover *handover, unsigned to, struct covey_error *error)
{
	for (unsigned from = 0; from < handover->workers; from++) {
		if (from == to)
			continue;
		handover->rings[from][to] = new_ring();
		if (!handover->rings[from][to])
			return covey_error_set(error, -ENOMEM, "out of memory for %u workers",
					       handover->workers);
	}
	handover->receivers[to].event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (handover->receivers[to].event_fd < 0)
		return covey_error_set(error, -errno, "no eventfd for worker %u: %s", to,
				       strerror(errno));
	return 0;
}

int handover_new(unsigned workers, struct handover **ret_handover, struct covey_error *error)
{
	struct handover *handover = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*handover));
	int status = 0;

	if (!handover)
		return covey_error_set(error, -ENOMEM, "out of memory for %u workers", workers);
	memset(handover, 0, sizeof(*handover));
	handover->workers = workers;
	for (unsigned i = 0; i < workers; i++)
		handover->receivers[i].event_fd = -1;
	for (unsigned i = 0; status == 0 && i < workers; i++)
		status = open_receiver(handover, i, error);
	if (status != 0) {
		handover_free(handover);
		return status;
	}
	*ret_handover = handover;
	return 0;
}

void handover_free(struct handover *handover)
{
	if (!handover)
		return;
	for (unsigned to = 0; to < handover->workers; to++) {
		for (unsigned from = 0; from < handover->workers; from++)
			free_ring(handover->rings[from][to]);
		if (handover->receivers[to].event_fd >= 0)
			close(handover->receivers[to].event_fd);
	}
	free(handover);
}

/* --- handing over --------------------------------------------------------------------------- */

/* Pairs with the fence in handover_sleeps(): either the receiver sees the packets before it sleeps,
 * or this function sees that the receiver is about to sleep. */
static void wake(struct receiver *receiver)
{
	atomic_thread_fence(memory_order_seq_cst);
	/* It fails only if the counter overflows; then the descriptor is readable already. */
	if (atomic_load_explicit(&receiver->asleep, memory_order_relaxed))
		eventfd_write(receiver->event_fd, 1);
}

/* Hand over those of the marked packets that go to one worker. Returns their mask. */
static uint64_t send_to(struct handover_side *side, struct rte_mbuf **packets, unsigned to)
{
	struct handover *handover = side->handover;
	void *entries[HANDOVER_BURST_MAX];
	uint64_t mask = 0;
	unsigned count = 0, sent;

	for (uint64_t left = side->marked; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);

		if (side->owners[i] != to)
			continue;
		mask |= UINT64_C(1) << i;
		entries[count++] = entry_of(packets[i], side->authenticated >> i & 1);
		packets[i] = NULL;
	}
	sent = rte_ring_sp_enqueue_burst(handover->rings[side->index][to], entries, count, NULL);
	wake(&handover->receivers[to]);
	counter_add(&side->counters->handed_over, sent);
	if (sent < count)
		counter_add(&side->counters->drops[COVEY_DROP_IN_HANDOVER_FULL], count - sent);
	for (unsigned i = sent; i < count; i++) {
		capture_drop(side->capture, COVEY_DROP_IN_HANDOVER_FULL, packet_of(entries[i]));
		rte_pktmbuf_free(packet_of(entries[i]));
	}
	return mask;
}

void handover_send(struct handover_side *side, struct rte_mbuf **packets)
{
	while (side->marked != 0)
		side->marked &=
			~send_to(side, packets, side->owners[__builtin_ctzll(side->marked)]);
	side->authenticated = 0;
}

unsigned handover_take(struct handover_side *side, unsigned from, struct rte_mbuf **packets,
		       unsigned max, uint64_t *ret_authenticated)
{
	struct rte_ring *ring = side->handover->rings[from][side->index];
	uint64_t authenticated = 0;
	void *entries[HANDOVER_BURST_MAX];
	unsigned count;

	if (!ring)
		return 0;
	count = rte_ring_sc_dequeue_burst(ring, entries, RTE_MIN(max, RTE_DIM(entries)), NULL);
	for (unsigned i = 0; i < count; i++) {
		packets[i] = packet_of(entries[i]);
		authenticated |= (uint64_t)is_authenticated(entries[i]) << i;
	}
	*ret_authenticated = authenticated;
	return count;
}

/* --- sleeping ------------------------------------------------------------------------------- */

bool handover_sleeps(struct handover_side *side)
{
	struct handover *handover = side->handover;

	atomic_store_explicit(&handover->receivers[side->index].asleep, true, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned from = 0; from < handover->workers; from++)
		if (from != side->index && !rte_ring_empty(handover->rings[from][side->index]))
			return false;
	return true;
}

void handover_woken(struct handover_side *side)
{
	struct receiver *receiver = &side->handover->receivers[side->index];
	eventfd_t count;

	atomic_store_explicit(&receiver->asleep, false, memory_order_relaxed);
	/* It may be empty, which is no error: then a timeout or a port has ended the sleep. */
	eventfd_read(receiver->event_fd, &count);
}

int handover_fd(const struct handover_side *side)
{
	return side->handover->receivers[side->index].event_fd;
}
