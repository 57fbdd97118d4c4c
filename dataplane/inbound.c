/* SPDX-License-Identifier: BSD-3-Clause */
#include "inbound.h"
#include "admission.h"
#include "inner.h"

/*
 * The stages of a burst. Each goes over all packets before the next begins and fetches what the
 * next will read, so that as many cache misses are under way at once as the CPU can hold.
 */

/* --- crypto -------------------------------------------------------------------------------- */

static bool decrypt(struct arrivals *arrivals, const struct arrival *arrival)
{
	const struct sa_rx *sa = arrival->sa;
	struct rte_mbuf *packet = arrival_packet(arrivals, arrival);
	uint8_t *inner = arrival_inner(arrival);
	const uint8_t *iv = arrival->vpe + COVEY_VPE_IV_OFFSET;
	const uint8_t *icv = arrival->vpe + COVEY_VPE_ICV_OFFSET;
	struct cipher_context *context = &arrivals->worker->context;

	if (likely(arrival->whole))
		return cipher_open(sa->cipher, arrival->key, context, iv, inner, arrival->inner_len,
				   icv);
	return cipher_open_chain(sa->cipher, arrival->key, context, iv, packet,
				 (uint32_t)(inner - rte_pktmbuf_mtod(packet, uint8_t *)),
				 arrival->inner_len, icv);
}

/* Find the new window of a packet that has authenticated, or the reason why it has none here. */
static __rte_noinline enum covey_drop claim_window(struct engine_worker *worker,
						   struct arrival *arrival)
{
	const struct sa_rx *sa = arrival->sa;
	uint64_t cell = windows_claim(sa->windows, arrival->id, worker->index);

	if (cell == 0)
		return COVEY_DROP_IN_WINDOW_LIMIT;
	if (windows_owner(cell) != worker->index) {
		handover_mark(&worker->handover, arrival->index, windows_owner(cell), true);
		return HANDED_OVER;
	}
	arrival->replay = windows_replay(sa->windows, cell);
	return NO_DROP;
}

/* What the window says, then what the tag says; then the window remembers. A window that does not
 * exist has seen nothing. */
static enum covey_drop authenticate(struct arrivals *arrivals, struct arrival *arrival)
{
	struct engine_worker *worker = arrivals->worker;
	const struct sa_rx *sa = arrival->sa;
	enum covey_drop verdict = NO_DROP;

	if (likely(arrival->replay))
		verdict = admission_replay(
			replay_check(arrival->replay, sa->replay_window, arrival->esn));
	else if (arrival->esn == 0)
		verdict = COVEY_DROP_IN_REPLAY_OLD;
	if (unlikely(verdict != NO_DROP))
		return verdict;
	if (unlikely(!arrival->authenticated && !decrypt(arrivals, arrival))) {
		engine_count(&sa->states[worker->index].icv_failures, 1);
		return COVEY_DROP_IN_ICV;
	}
	if (unlikely(!arrival->replay)) {
		verdict = claim_window(worker, arrival);
		if (verdict != NO_DROP)
			return verdict;
	}
	return admission_replay(replay_update(arrival->replay, sa->replay_window, arrival->esn));
}

/* --- the inner packet ---------------------------------------------------------------------- */

/* Packets that have authenticated and were new: in runs of one SA, and those that enter. */
struct received {
	const struct sa_rx *sa;
	uint64_t run;
	unsigned packets;
	uint64_t bytes;
};

static void count_run(const struct engine_worker *worker, struct received *received,
		      const struct sa_rx *next)
{
	if (received->run > 0)
		engine_count(&received->sa->states[worker->index].packets, received->run);
	received->sa = next;
	received->run = 0;
}

static __rte_always_inline void enter(struct arrivals *arrivals, const struct arrival *arrival,
				      struct received *received)
{
	enum covey_drop verdict;

	if (unlikely(arrival->sa != received->sa))
		count_run(arrivals->worker, received, arrival->sa);
	received->run++;
	verdict = inner_enter(arrivals, arrival);
	if (unlikely(verdict != NO_DROP)) {
		burst_drop(arrivals->worker, &arrivals->packets[arrival->index], verdict);
		return;
	}
	received->packets++;
	received->bytes += arrival->inner_len;
}

/*
 * How many packets ahead of the cipher a key is fetched. Of many senders each packet brings another
 * key, six lines or more, which lies in no cache: so memory and cipher work side by side. Asked for
 * all at once, a burst's keys would come one after the other with nothing to do meanwhile, and the
 * last would turn out the first.
 */
#define KEYS_AHEAD 8u

/* Neighbours in a burst are often of one sender. */
static __rte_always_inline void fetch_key(const struct arrivals *arrivals, unsigned i)
{
	const struct arrival *arrival = &arrivals->list[i];

	if (i < arrivals->count && (i == 0 || arrival->key != arrival[-1].key))
		cipher_prefetch(arrival->sa->cipher, arrival->key, arrival->inner_len);
}

/* A packet is looked into when the next one has been through the cipher: its headers are in the
 * cache then, and no longer on their way there. Returns how many enter. */
static unsigned open_all(struct arrivals *arrivals)
{
	struct received received = {NULL, 0, 0, 0};
	struct engine_worker *worker = arrivals->worker;
	const struct arrival *opened = NULL;

	for (unsigned i = 0; i < KEYS_AHEAD; i++)
		fetch_key(arrivals, i);
	for (uint16_t i = 0; i < arrivals->count; i++) {
		struct arrival *arrival = &arrivals->list[i];
		enum covey_drop verdict;

		fetch_key(arrivals, i + KEYS_AHEAD);
		if (i + FETCH_AHEAD < arrivals->count && arrival[FETCH_AHEAD].whole)
			burst_fetch_text(arrival_inner(&arrival[FETCH_AHEAD]),
					 arrival[FETCH_AHEAD].inner_len);
		verdict = authenticate(arrivals, arrival);
		if (likely(opened))
			enter(arrivals, opened, &received);
		opened = NULL;
		if (likely(verdict == NO_DROP))
			opened = arrival;
		else if (verdict != HANDED_OVER)
			burst_drop(worker, &arrivals->packets[arrival->index], verdict);
	}
	if (likely(opened))
		enter(arrivals, opened, &received);
	count_run(worker, &received, NULL);
	engine_count(&worker->counters.decrypted_packets, received.packets);
	engine_count(&worker->counters.decrypted_bytes, received.bytes);
	return received.packets;
}

/* --- the burst ----------------------------------------------------------------------------- */

uint16_t inbound_burst_handed_over(struct engine_worker *worker, struct rte_mbuf **packets,
				   uint16_t count, uint64_t authenticated)
{
	struct arrivals arrivals;
	unsigned entered;

	arrivals.worker = worker;
	arrivals.sadb = engine_worker_sadb(worker);
	arrivals.packets = packets;
	arrivals.count = 0;
	admission_sort(&arrivals, count, authenticated);
	admission_check(&arrivals);
	entered = open_all(&arrivals);
	if (unlikely(worker->handover.marked != 0))
		handover_send(worker, packets);
	return entered == count ? count : burst_compact(packets, count);
}

uint16_t inbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count)
{
	return inbound_burst_handed_over(worker, packets, count, 0);
}
