/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What workers need of an SA: one structure to send, one to receive. Both are immutable once they
 * are published; a change publishes new ones. What workers write is reached through pointers, and
 * each worker has its own part. These parts live as long as the SA is installed, longer than the
 * structures.
 */

#include "cipher.h"
#include "outer.h"
#include "sender_table.h"
#include "windows.h"
#include <counter.h>
#include <covey/limits.h>
#include <covey/wire.h>
#include <dataplane.h>
#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* --- sending ------------------------------------------------------------------------------ */

/*
 * One worker's part. esn[] holds the last ESN sent in each window, with its epoch, and never falls.
 * A higher epoch begins above it. When the SA is activated again, it continues from there.
 */
struct sa_tx_state {
	uint64_t packets; /* sent in all windows and epochs */
	uint64_t allowed; /* packets in the shares that this worker has taken */
	struct dataplane_traffic sent[COVEY_CLASSES]; /* the same packets, by traffic class */
	uint64_t esn[65536] __rte_cache_aligned;      /* by WindowID; memory comes as it is used */
} __rte_cache_aligned;

struct sa_tx {
	const struct cipher *ciphers; /* by worker */
	const struct cipher_key *key;
	struct sa_tx_state *states; /* by worker */
	_Atomic uint64_t *shared;   /* packets in the shares that all workers have taken */
	uint64_t esn_base;          /* the epoch with counter 0; the first ESN is one higher */
	uint32_t spi;
	uint16_t sender_id;
	struct outer outer __rte_cache_aligned; /* the headers that all its packets begin with */
} __rte_cache_aligned;

_Static_assert(offsetof(struct sa_tx, outer) == RTE_CACHE_LINE_SIZE,
	       "what sorting reads is one cache line");
_Static_assert(sizeof(struct sa_tx) == 2 * RTE_CACHE_LINE_SIZE,
	       "what writing headers reads is the next");

/* Returns zeroed states, one for each worker, or NULL when out of memory. */
struct sa_tx_state *sa_tx_states_new(unsigned workers);
void sa_tx_states_free(struct sa_tx_state *states, unsigned workers);

/*
 * COVEY_PACKETS_HARD limits the packets of all workers together. So a worker takes a share of this
 * number of packets, and the next share when it has sent them. Packets that a worker has taken and
 * does not send, no other worker can send.
 */
#define SA_TX_SHARE (UINT64_C(1) << 20)

/* Take the next share. False when all shares are taken. */
bool sa_tx_take_share(const struct sa_tx *sa, struct sa_tx_state *state);

/*
 * Take the next ESN of a window from a worker's state. False when the window's counter or the SA's
 * packet limit is used up; then nothing changes.
 */
static inline bool sa_tx_next(const struct sa_tx *sa, struct sa_tx_state *state, uint16_t window_id,
			      uint64_t *ret_esn)
{
	uint64_t *esn = &state->esn[window_id], last = *esn;

	if (unlikely(last - sa->esn_base >= COVEY_ESN_COUNTER_MAX)) {
		/* Either the counter of this epoch is at its end, or this is the window's first
		 * packet in the epoch. */
		if (last > sa->esn_base)
			return false;
		last = sa->esn_base;
	}
	if (unlikely(state->packets >= state->allowed) && !sa_tx_take_share(sa, state))
		return false;
	__atomic_store_n(&state->packets, state->packets + 1, __ATOMIC_RELAXED);
	__atomic_store_n(esn, last + 1, __ATOMIC_RELAXED);
	*ret_esn = last + 1;
	return true;
}

/* Count a packet of this window that has got its ESN. */
static inline void sa_tx_count(struct sa_tx_state *state, uint16_t window_id, uint32_t inner_len)
{
	struct dataplane_traffic *sent = &state->sent[covey_window_class(window_id)];

	counter_add(&sent->packets, 1);
	counter_add(&sent->bytes, inner_len);
}

/* --- receiving ---------------------------------------------------------------------------- */

/* One worker's part. */
struct sa_rx_state {
	uint64_t packets;
	uint64_t bytes;     /* of the inner IP packets in them */
	uint64_t multicast; /* of the packets */
	uint64_t icv_failures;
	uint64_t own_sender; /* packets with our SenderID; not authenticated */
} __rte_cache_aligned;

struct sa_rx {
	const struct cipher *ciphers; /* by worker */
	const struct sender_table *senders;
	struct windows *windows;
	struct sa_rx_state *states; /* by worker */
	uint32_t spi;
	uint32_t group;
	uint32_t replay_window; /* packets */
	uint16_t sender_id;     /* our own */
	bool may_receive;
} __rte_cache_aligned;

_Static_assert(sizeof(struct sa_rx) == RTE_CACHE_LINE_SIZE, "sa_rx is one cache line");

/* Returns zeroed states, one for each worker, or NULL when out of memory. */
struct sa_rx_state *sa_rx_states_new(unsigned workers);
void sa_rx_states_free(struct sa_rx_state *states);

/* --- both --------------------------------------------------------------------------------- */

/* Copies on the heap, aligned to cache lines; NULL when out of memory. Free them with free(). */
struct sa_tx *sa_tx_copy(const struct sa_tx *sa);
struct sa_rx *sa_rx_copy(const struct sa_rx *sa);
