/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A burst from the fabric on its way through the stages of inbound.c: what is known of each VPE
 * packet so far, and what the stages have in common.
 */

#include "burst.h"
#include "sadb.h"

/* A VPE packet. One cache line. */
struct arrival {
	const struct sa_rx *sa;
	const struct roster_entry *sender; /* the SenderID's place in the roster, who knows whose */
	const struct cipher_key *key;
	struct replay *replay; /* NULL: the window does not exist yet */
	uint8_t *outer;        /* IP header */
	uint8_t *vpe;
	uint64_t esn;
	uint16_t inner_len;
	uint8_t index;             /* in the burst */
	uint8_t l2_len : 6;        /* Ethernet header and VLAN tags */
	uint8_t whole : 1;         /* all of it lies in the packet's first segment */
	uint8_t authenticated : 1; /* by the worker that handed it over: decrypted */
	struct window_id id;
};

_Static_assert(sizeof(struct arrival) == RTE_CACHE_LINE_SIZE, "an arrival is one cache line");
_Static_assert(ENGINE_BURST_MAX <= 256, "an index fits");

struct arrivals {
	struct engine_worker *worker;
	const struct sadb *sadb;
	struct rte_mbuf **packets; /* the burst; NULL where one has gone */
	uint16_t count;
	struct arrival list[ENGINE_BURST_MAX];
};

/* A verdict: the packet is marked for the worker that owns its window. */
#define HANDED_OVER (COVEY_DROP_COUNT + 1)

static inline struct rte_mbuf *arrival_packet(const struct arrivals *arrivals,
					      const struct arrival *arrival)
{
	return arrivals->packets[arrival->index];
}

/* The inner packet, if any of it lies in the first segment. */
static inline uint8_t *arrival_inner(const struct arrival *arrival)
{
	return arrival->vpe + sizeof(struct covey_vpe_header);
}

/*
 * End a stage for arrival i: it stays, behind the kept ones before it, or goes. Returns how many
 * are kept now.
 */
static inline uint16_t arrivals_keep(struct arrivals *arrivals, uint16_t kept, uint16_t i,
				     enum covey_drop verdict)
{
	struct arrival *arrival = &arrivals->list[i];

	if (likely(verdict == NO_DROP)) {
		if (unlikely(kept != i))
			arrivals->list[kept] = *arrival;
		return (uint16_t)(kept + 1);
	}
	if (verdict != HANDED_OVER)
		burst_drop(arrivals->worker, &arrivals->packets[arrival->index], verdict);
	return kept;
}
