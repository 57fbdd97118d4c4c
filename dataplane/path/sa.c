/* SPDX-License-Identifier: BSD-3-Clause */
#include "sa.h"
#include "spread.h"
#include <stdlib.h>
#include <string.h>

struct sa_tx_state *sa_tx_states_new(unsigned workers)
{
	return spread_reserve(workers * sizeof(struct sa_tx_state));
}

void sa_tx_states_free(struct sa_tx_state *states, unsigned workers)
{
	spread_release(states, workers * sizeof(*states));
}

bool sa_tx_take_share(const struct sa_tx *sa, struct sa_tx_state *state)
{
	uint64_t taken = atomic_load_explicit(sa->shared, memory_order_relaxed), share;

	do {
		share = RTE_MIN(SA_TX_SHARE, COVEY_PACKETS_HARD - taken);
		if (share == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		sa->shared, &taken, taken + share, memory_order_relaxed, memory_order_relaxed));
	state->allowed += share;
	return true;
}

struct sa_rx_state *sa_rx_states_new(unsigned workers)
{
	struct sa_rx_state *states =
		aligned_alloc(RTE_CACHE_LINE_SIZE, workers * sizeof(struct sa_rx_state));

	if (states)
		memset(states, 0, workers * sizeof(*states));
	return states;
}

void sa_rx_states_free(struct sa_rx_state *states)
{
	free(states);
}

struct sa_tx *sa_tx_copy(const struct sa_tx *sa)
{
	struct sa_tx *copy = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*sa));

	if (copy)
		*copy = *sa;
	return copy;
}

struct sa_rx *sa_rx_copy(const struct sa_rx *sa)
{
	struct sa_rx *copy = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*sa));

	if (copy)
		*copy = *sa;
	return copy;
}
