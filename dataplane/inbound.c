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

/* What the window says, then what the tag says. A window that does not exist has seen nothing. */
static enum covey_drop authenticate(struct arrivals *arrivals, const struct arrival *arrival)
{
	const struct sa_rx *sa = arrival->sa;
	enum covey_drop verdict = NO_DROP;

	if (likely(arrival->replay))
		verdict = admission_replay(
			replay_check(arrival->replay, sa->replay_window, arrival->esn));
	else if (arrival->esn == 0)
		verdict = COVEY_DROP_IN_REPLAY_OLD;
	if (unlikely(verdict != NO_DROP))
		return verdict;
	if (likely(arrival->authenticated || decrypt(arrivals, arrival)))
		return NO_DROP;
	engine_count(&sa->states[arrivals->worker->index].icv_failures, 1);
	return COVEY_DROP_IN_ICV;
}

static void open_all(struct arrivals *arrivals)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < arrivals->count; i++) {
		const struct arrival *arrival = &arrivals->list[i];

		if (i + FETCH_AHEAD < arrivals->count && arrival[FETCH_AHEAD].whole)
			burst_fetch_text(arrival_inner(&arrival[FETCH_AHEAD]),
					 arrival[FETCH_AHEAD].inner_len);
		kept = arrivals_keep(arrivals, kept, i, authenticate(arrivals, arrival));
	}
	arrivals->count = kept;
}

/* --- replay state, then the inner packet --------------------------------------------------- */

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

/* Checked again: the same packet may stand twice in one burst. */
static enum covey_drop remember(struct engine_worker *worker, struct arrival *arrival)
{
	const struct sa_rx *sa = arrival->sa;
	enum covey_drop verdict;

	if (unlikely(!arrival->replay)) {
		verdict = claim_window(worker, arrival);
		if (verdict != NO_DROP)
			return verdict;
	}
	return admission_replay(replay_update(arrival->replay, sa->replay_window, arrival->esn));
}

/* Packets that were new, in runs of one SA. */
struct received {
	const struct sa_rx *sa;
	uint64_t packets;
};

static void count_received(const struct engine_worker *worker, struct received *received,
			   const struct sa_rx *next)
{
	if (received->packets > 0)
		engine_count(&received->sa->states[worker->index].packets, received->packets);
	*received = (struct received){next, 0};
}

static void accept_all(struct arrivals *arrivals)
{
	struct engine_worker *worker = arrivals->worker;
	struct received received = {NULL, 0};
	uint64_t bytes = 0;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < arrivals->count; i++) {
		struct arrival *arrival = &arrivals->list[i];
		enum covey_drop verdict = remember(worker, arrival);

		if (unlikely(arrival->sa != received.sa))
			count_received(worker, &received, arrival->sa);
		received.packets += verdict == NO_DROP;
		if (likely(verdict == NO_DROP))
			verdict = inner_check(arrivals, arrival);
		if (likely(verdict == NO_DROP)) {
			inner_release(arrivals, arrival);
			bytes += arrival->inner_len;
		}
		kept = arrivals_keep(arrivals, kept, i, verdict);
	}
	count_received(worker, &received, NULL);
	engine_count(&worker->counters.decrypted_packets, kept);
	engine_count(&worker->counters.decrypted_bytes, bytes);
}

/* --- the burst ----------------------------------------------------------------------------- */

uint16_t inbound_burst_handed_over(struct engine_worker *worker, struct rte_mbuf **packets,
				   uint16_t count, uint64_t authenticated)
{
	struct arrivals arrivals;

	arrivals.worker = worker;
	arrivals.sadb = engine_worker_sadb(worker);
	arrivals.packets = packets;
	arrivals.count = 0;
	admission_sort(&arrivals, count, authenticated);
	admission_check(&arrivals);
	open_all(&arrivals);
	accept_all(&arrivals);
	if (unlikely(worker->handover.marked != 0))
		handover_send(worker, packets);
	return burst_compact(packets, count);
}

uint16_t inbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count)
{
	return inbound_burst_handed_over(worker, packets, count, 0);
}
