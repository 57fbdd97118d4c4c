/* SPDX-License-Identifier: BSD-3-Clause */
#include "inbound.h"
#include "admission.h"
#include "cipher_many.h"
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

/* The tag was the right one. Only now, the window records the packet. A window that does not exist
 * has received nothing. The ESN is never 0, because epoch floors begin at 1. */
static __rte_always_inline enum covey_drop admit(struct arrivals *arrivals, struct arrival *arrival)
{
	const struct sa_rx *sa = arrival->sa;
	enum covey_drop verdict;

	if (unlikely(!arrival->replay)) {
		verdict = claim_window(arrivals->worker, arrival);
		if (verdict != NO_DROP)
			return verdict;
	}
	verdict = admission_replay(replay_update(arrival->replay, sa->replay_window, arrival->esn));
	if (likely(verdict == NO_DROP))
		windows_count_packet(arrival->replay, arrival->inner_len, arrivals->now);
	return verdict;
}

/* What its window says of a packet that has not authenticated yet. */
static __rte_always_inline enum covey_drop ask_window(const struct arrival *arrival)
{
	if (unlikely(!arrival->replay))
		return NO_DROP;
	return admission_replay(
		replay_check(arrival->replay, arrival->sa->replay_window, arrival->esn));
}

/* First ask the window, then compare the tag. */
static enum covey_drop authenticate(struct arrivals *arrivals, struct arrival *arrival)
{
	enum covey_drop verdict = ask_window(arrival);

	if (unlikely(verdict != NO_DROP))
		return verdict;
	if (unlikely(!decrypt(arrivals, arrival))) {
		note_failed(arrivals, arrival);
		return COVEY_DROP_IN_ICV;
	}
	return admit(arrivals, arrival);
}

/* --- several packets of one key ------------------------------------------------------------ */

/* With this many packets for each turn to another key, or more, packets are gathered by key. */
#define FEW_TURNS 4

/* Packets of a burst that went through the cipher together. Bits by their place in the list. */
struct together {
	uint64_t tried;
	uint64_t good; /* those of them whose tag was the right one */
};

/* Packets that are not whole, were decrypted before, or that their window has seen, go alone. */
static __rte_always_inline bool may_go_together(const struct arrival *arrival)
{
	return arrival->key && arrival->plain && !arrival->authenticated &&
	       ask_window(arrival) == NO_DROP;
}

/* Nothing is recorded here: a packet may come twice in a burst, and windows want packets in order.
 */
static void decrypt_by_key(struct arrivals *arrivals, struct together *together)
{
	struct cipher_text texts[ENGINE_BURST_MAX];
	const struct cipher_text *gathered[ENGINE_BURST_MAX];
	uint8_t places[ENGINE_BURST_MAX];
	uint64_t waiting = 0, opened;

	for (unsigned i = 0; i < arrivals->count; i++) {
		const struct arrival *arrival = &arrivals->list[i];

		if (likely(may_go_together(arrival))) {
			texts[i] = (struct cipher_text){arrival_inner(arrival), arrival->inner_len};
			waiting |= UINT64_C(1) << i;
		}
	}
	together->tried = waiting;
	together->good = 0;
	while (waiting != 0) {
		const struct arrival *first = &arrivals->list[__builtin_ctzll(waiting)];
		unsigned count = 0;

		for (uint64_t rest = waiting; rest != 0; rest &= rest - 1) {
			unsigned place = (unsigned)__builtin_ctzll(rest);

			if (arrivals->list[place].key != first->key)
				continue;
			places[count] = (uint8_t)place;
			gathered[count++] = &texts[place];
			waiting &= ~(rest & -rest);
		}
		opened = cipher_open_many(arrival_cipher(arrivals, first), first->key,
					  &arrivals->worker->context, gathered, count);
		for (unsigned i = 0; i < count; i++)
			together->good |= (opened >> i & 1) << places[i];
	}
}

/* As authenticate(), when the cipher has worked on the packet already. */
static __rte_always_inline enum covey_drop judge(struct arrivals *arrivals, struct arrival *arrival,
						 bool good)
{
	enum covey_drop verdict = ask_window(arrival);

	if (unlikely(verdict != NO_DROP))
		return verdict;
	if (unlikely(!good)) {
		note_failed(arrivals, arrival);
		return COVEY_DROP_IN_ICV;
	}
	return admit(arrivals, arrival);
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

/* Of what was decrypted or has failed, nobody is shown the text. */
static __rte_noinline void drop_unopened(struct arrivals *arrivals, const struct arrival *arrival,
					 enum covey_drop reason, bool changed)
{
	struct engine_worker *worker = arrivals->worker;
	struct rte_mbuf **slot = &arrivals->packets[arrival->index];

	if (changed || reason == COVEY_DROP_IN_ICV)
		burst_drop_part(worker, slot, reason,
				(uint32_t)(arrival_inner(arrival) -
					   rte_pktmbuf_mtod(*slot, const uint8_t *)));
	else
		burst_drop(worker, slot, reason);
}

/* A packet is looked into after the cipher has worked on the next packet. By then its headers are
 * in the cache. */
static void open_one_by_one(struct arrivals *arrivals, struct received *received)
{
	struct arrival *arrival, *end = arrivals->list + arrivals->count;
	const struct arrival *opened = NULL;

	for (arrival = arrivals->list; arrival < end; arrival++) {
		enum covey_drop verdict;

		if (end - arrival > CHECK_AHEAD)
			check(arrivals, &arrival[CHECK_AHEAD], &arrivals->latest);
		if (end - arrival > FETCH_AHEAD && arrival[FETCH_AHEAD].whole)
			fetch_text(&arrival[FETCH_AHEAD]);
		if (unlikely(!arrival->key))
			continue;
		verdict = authenticate(arrivals, arrival);
		if (likely(opened))
			enter(arrivals, opened, received);
		opened = NULL;
		if (likely(verdict == NO_DROP))
			opened = arrival;
		else if (verdict != HANDED_OVER)
			drop_unopened(arrivals, arrival, verdict, false);
	}
	if (likely(opened))
		enter(arrivals, opened, received);
}

/* All packets are checked, then the cipher works, then each packet is judged in its turn. */
static void open_together(struct arrivals *arrivals, struct received *received)
{
	struct together together;

	for (unsigned i = CHECK_AHEAD; i < arrivals->count; i++)
		check(arrivals, &arrivals->list[i], &arrivals->latest);
	for (unsigned i = 0; i < arrivals->count; i++)
		if (arrivals->list[i].whole && arrivals->list[i].inner_len > RTE_CACHE_LINE_SIZE)
			fetch_text(&arrivals->list[i]);
	decrypt_by_key(arrivals, &together);
	for (unsigned i = 0; i < arrivals->count; i++) {
		struct arrival *arrival = &arrivals->list[i];
		bool tried = together.tried >> i & 1;
		enum covey_drop verdict;

		if (unlikely(!arrival->key))
			continue;
		verdict = likely(tried) ? judge(arrivals, arrival, together.good >> i & 1)
					: authenticate(arrivals, arrival);
		if (likely(verdict == NO_DROP))
			enter(arrivals, arrival, received);
		else if (verdict != HANDED_OVER)
			drop_unopened(arrivals, arrival, verdict, tried);
	}
}

/* Do neighbours have the same sender, so that it pays to gather packets by key? */
static __rte_always_inline bool is_gathered(const struct arrivals *arrivals, unsigned checked)
{
	const struct cipher_key *key = NULL;
	unsigned turns = 0;

	for (unsigned i = 0; i < checked; i++) {
		if (!arrivals->list[i].key)
			continue;
		if (arrivals->list[i].key != key)
			turns++;
		key = arrivals->list[i].key;
	}
	return turns * FEW_TURNS <= checked && checked > 1 &&
	       arrivals->list[0].sa->ciphers[arrivals->worker->index].many;
}

/* Returns how many packets enter. */
static unsigned open_all(struct arrivals *arrivals)
{
	struct received received = {0};
	struct engine_worker *worker = arrivals->worker;
	unsigned ahead = RTE_MIN(arrivals->count, CHECK_AHEAD);

	/* Once: it takes as long as ten packets' counters. */
	arrivals->now = rte_rdtsc();
	for (unsigned i = 0; i < ahead; i++)
		check(arrivals, &arrivals->list[i], &arrivals->latest);
	if (is_gathered(arrivals, ahead))
		open_together(arrivals, &received);
	else
		open_one_by_one(arrivals, &received);
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
