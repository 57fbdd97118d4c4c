/* SPDX-License-Identifier: BSD-3-Clause */
#include "inbound.h"
#include "admission.h"
#include "inner.h"
#include "spoiled.h"
#include <rte_cycles.h>

/*
 * First the whole burst is sorted (admission.c), which prefetches what is read next. Then packets
 * go through the cipher one by one. Meanwhile, packets that are some places ahead are checked, and
 * the packet just behind the cipher is looked into. So the cipher does not wait for memory.
 */

/*
 * How many packets ahead of the cipher a packet's sender and window are checked, and its key and
 * window prefetched. With many senders each packet needs another key: six cache lines or more,
 * which are in no cache. When they are requested eight packets ahead, they arrive while the cipher
 * works. If the keys of a whole burst were requested at once, the cipher would wait for them, and
 * the last keys would push the first ones out of the cache.
 */
#define CHECK_AHEAD 8

/* --- sender and window --------------------------------------------------------------------- */

/* Does the packet come from a sender that is allowed to send it? */
static __rte_always_inline enum covey_drop check_sender(struct arrival *arrival)
{
	const struct sender *sender = arrival->sender;

	if (unlikely(!sender->key))
		return COVEY_DROP_IN_NOT_ON_ROSTER;
	if (unlikely(!ip_source_is(arrival->outer, sender->family, sender->address)))
		return COVEY_DROP_IN_SOURCE;
	if (unlikely(covey_esn_epoch(arrival->esn) < sender->epoch_floor))
		return COVEY_DROP_IN_EPOCH;
	arrival->key = sender->key;
	return NO_DROP;
}

/* Is the packet's window ours, or does it not exist yet? Only the owner of a window knows what was
 * received in it. */
static __rte_always_inline enum covey_drop find_window(struct engine_worker *worker,
						       struct arrival *arrival)
{
	const struct windows *windows = arrival->sa->windows;
	uint64_t cell = windows_find_from(windows, arrival->window, arrival->cell);

	arrival->replay = NULL;
	if (unlikely(cell == 0))
		return NO_DROP;
	if (unlikely(windows_owner(cell) != worker->index)) {
		handover_mark(&worker->handover, arrival->index, windows_owner(cell),
			      arrival->authenticated);
		return HANDED_OVER;
	}
	arrival->replay = windows_replay(windows, cell);
	windows_prefetch_replay(windows, cell, arrival->esn);
	return NO_DROP;
}

/* Drops the packet if it may not be decrypted. Its key is NULL then. */
static __rte_always_inline void check(struct arrivals *arrivals, struct arrival *arrival,
				      const struct cipher_key **latest)
{
	enum covey_drop verdict = check_sender(arrival);

	if (likely(verdict == NO_DROP)) {
		/* Consecutive packets often come from the same sender. */
		if (arrival->key != *latest)
			cipher_prefetch(arrival_cipher(arrivals, arrival), arrival->key,
					arrival->inner_len);
		*latest = arrival->key;
		verdict = find_window(arrivals->worker, arrival);
	}
	if (likely(verdict == NO_DROP))
		return;
	arrival->key = NULL;
	if (verdict != HANDED_OVER)
		burst_drop(arrivals->worker, &arrivals->packets[arrival->index], verdict);
}

/* --- crypto -------------------------------------------------------------------------------- */

/* For a packet in one segment. */
static __rte_always_inline bool decrypt_whole(struct arrivals *arrivals,
					      const struct arrival *arrival)
{
	return cipher_open(arrival_cipher(arrivals, arrival), arrival->key,
			   &arrivals->worker->context, arrival->vpe + COVEY_VPE_IV_OFFSET,
			   arrival_inner(arrival), arrival->inner_len,
			   arrival->vpe + COVEY_VPE_ICV_OFFSET);
}

static __rte_noinline bool decrypt_any(struct arrivals *arrivals, const struct arrival *arrival)
{
	struct rte_mbuf *packet = arrival_packet(arrivals, arrival);
	uint8_t *inner = arrival_inner(arrival);

	if (arrival->authenticated)
		return true;
	if (arrival->whole)
		return decrypt_whole(arrivals, arrival);
	return cipher_open_chain(arrival_cipher(arrivals, arrival), arrival->key,
				 &arrivals->worker->context, arrival->vpe + COVEY_VPE_IV_OFFSET,
				 packet, (uint32_t)(inner - rte_pktmbuf_mtod(packet, uint8_t *)),
				 arrival->inner_len, arrival->vpe + COVEY_VPE_ICV_OFFSET);
}

/* True when the packet is decrypted. When false, its text is overwritten. */
static __rte_always_inline bool decrypt(struct arrivals *arrivals, const struct arrival *arrival)
{
	return likely(arrival->plain) ? decrypt_whole(arrivals, arrival)
				      : decrypt_any(arrivals, arrival);
}

/* Find or make the window of a packet that has authenticated and whose window was not known. Or
 * return the reason why it cannot have one here. */
static __rte_noinline enum covey_drop claim_window(struct engine_worker *worker,
						   struct arrival *arrival)
{
	const struct sa_rx *sa = arrival->sa;
	struct window_id id = {(uint16_t)(arrival->window >> 16), (uint16_t)arrival->window};
	uint64_t cell = windows_claim(sa->windows, id, worker->index);

	if (cell == 0)
		return COVEY_DROP_IN_WINDOW_LIMIT;
	if (windows_owner(cell) != worker->index) {
		handover_mark(&worker->handover, arrival->index, windows_owner(cell), true);
		return HANDED_OVER;
	}
	arrival->replay = windows_replay(sa->windows, cell);
	return NO_DROP;
}

/* A packet that failed. Its window tells later whether it was forged. */
static __rte_noinline void note_failed(const struct arrivals *arrivals,
				       const struct arrival *arrival)
{
	counter_add(&arrival->sa->states[arrivals->worker->index].icv_failures, 1);
	/* Anybody can send an ESN that was passed over. Only what is ahead of all may be judged. */
	if (!arrival->replay || arrival->esn <= arrival->replay->highest)
		return;
	spoiled_note(
		arrivals->worker,
		&(struct failed_packet){
			.esn = arrival->esn,
			.spi = arrival->sa->spi,
			.window = arrival->window,
			.gathered = arrival_packet(arrivals, arrival)->ol_flags & RTE_MBUF_F_RX_LRO,
		});
}

/* First ask the window, then compare the tag. Only after that, the window records the packet. A
 * window that does not exist has received nothing. The ESN is never 0, because epoch floors begin
 * at 1. */
static enum covey_drop authenticate(struct arrivals *arrivals, struct arrival *arrival,
				    uint64_t now)
{
	struct engine_worker *worker = arrivals->worker;
	const struct sa_rx *sa = arrival->sa;
	enum covey_drop verdict = NO_DROP;

	if (likely(arrival->replay))
		verdict = admission_replay(
			replay_check(arrival->replay, sa->replay_window, arrival->esn));
	if (unlikely(verdict != NO_DROP))
		return verdict;
	if (unlikely(!decrypt(arrivals, arrival))) {
		note_failed(arrivals, arrival);
		return COVEY_DROP_IN_ICV;
	}
	if (unlikely(!arrival->replay)) {
		verdict = claim_window(worker, arrival);
		if (verdict != NO_DROP)
			return verdict;
	}
	verdict = admission_replay(replay_update(arrival->replay, sa->replay_window, arrival->esn));
	if (likely(verdict == NO_DROP))
		windows_count_packet(arrival->replay, arrival->inner_len, now);
	return verdict;
}

/* --- the inner packet ---------------------------------------------------------------------- */

/* Packets that have authenticated and were new, counted in runs of one SA, and those of them that
 * enter. */
struct received {
	const struct sa_rx *sa;
	uint64_t run;
	uint64_t run_bytes;
	uint64_t multicast; /* in the run */
	unsigned packets;
	uint64_t bytes;
};

static void count_run(const struct engine_worker *worker, struct received *received,
		      const struct sa_rx *next)
{
	struct sa_rx_state *state;

	if (received->run > 0) {
		state = &received->sa->states[worker->index];
		counter_add(&state->packets, received->run);
		counter_add(&state->bytes, received->run_bytes);
		counter_add(&state->multicast, received->multicast);
	}
	received->sa = next;
	received->run = received->run_bytes = received->multicast = 0;
}

static __rte_always_inline void enter(struct arrivals *arrivals, const struct arrival *arrival,
				      struct received *received)
{
	enum covey_drop verdict;

	if (unlikely(arrival->sa != received->sa))
		count_run(arrivals->worker, received, arrival->sa);
	received->run++;
	received->run_bytes += arrival->inner_len;
	received->multicast += covey_window_cast((uint16_t)arrival->window);
	verdict = inner_enter(arrivals, arrival);
	if (unlikely(verdict != NO_DROP)) {
		burst_drop(arrivals->worker, &arrivals->packets[arrival->index], verdict);
		return;
	}
	received->packets++;
	received->bytes += arrival->inner_len;
}

/* Fetches the text from the second cache line of VPE on. Sorting has fetched the first one. */
static __rte_always_inline void fetch_text(const struct arrival *arrival)
{
	burst_fetch_text(arrival->vpe, sizeof(struct covey_vpe_header) + arrival->inner_len);
}

/* Of what has failed, nobody is shown the text: the cipher has overwritten it. */
static __rte_noinline void drop_unopened(struct arrivals *arrivals, const struct arrival *arrival,
					 enum covey_drop reason)
{
	struct engine_worker *worker = arrivals->worker;
	struct rte_mbuf **slot = &arrivals->packets[arrival->index];

	if (reason == COVEY_DROP_IN_ICV)
		burst_drop_part(worker, slot, reason,
				(uint32_t)(arrival_inner(arrival) -
					   rte_pktmbuf_mtod(*slot, const uint8_t *)));
	else
		burst_drop(worker, slot, reason);
}

/* A packet is looked into after the cipher has worked on the next packet. By then its headers are
 * in the cache. Returns how many packets enter. */
static unsigned open_all(struct arrivals *arrivals)
{
	struct received received = {0};
	struct engine_worker *worker = arrivals->worker;
	struct arrival *arrival, *end = arrivals->list + arrivals->count;
	const struct arrival *opened = NULL;
	const struct cipher_key *latest = NULL;
	const uint64_t now = rte_rdtsc(); /* once: it takes as long as ten packets' counters */

	for (arrival = arrivals->list; arrival < RTE_MIN(end, arrivals->list + CHECK_AHEAD);
	     arrival++)
		check(arrivals, arrival, &latest);
	for (arrival = arrivals->list; arrival < end; arrival++) {
		enum covey_drop verdict;

		if (end - arrival > CHECK_AHEAD)
			check(arrivals, &arrival[CHECK_AHEAD], &latest);
		if (end - arrival > FETCH_AHEAD && arrival[FETCH_AHEAD].whole)
			fetch_text(&arrival[FETCH_AHEAD]);
		if (unlikely(!arrival->key))
			continue;
		verdict = authenticate(arrivals, arrival, now);
		if (likely(opened))
			enter(arrivals, opened, &received);
		opened = NULL;
		if (likely(verdict == NO_DROP))
			opened = arrival;
		else if (verdict != HANDED_OVER)
			drop_unopened(arrivals, arrival, verdict);
	}
	if (likely(opened))
		enter(arrivals, opened, &received);
	count_run(worker, &received, NULL);
	counter_add(&worker->counters.decrypted_packets, received.packets);
	counter_add(&worker->counters.decrypted_bytes, received.bytes);
	return received.packets;
}

/* --- the burst ----------------------------------------------------------------------------- */

uint16_t inbound_burst_handed_over(struct engine_worker *worker, struct rte_mbuf **packets,
				   uint16_t count, uint64_t authenticated)
{
	struct arrivals arrivals;
	unsigned entered;

	arrivals_begin(&arrivals, worker, packets);
	admission_sort(&arrivals, count, authenticated);
	entered = open_all(&arrivals);
	if (unlikely(worker->handover.marked != 0))
		handover_send(&worker->handover, packets);
	return entered == count ? count : burst_compact(packets, count);
}

uint16_t inbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count)
{
	return inbound_burst_handed_over(worker, packets, count, 0);
}
