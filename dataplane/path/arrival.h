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
	const struct sender *sender; /* at the SenderID's place in the table, which may be empty */
	const struct cipher_key *key;
	union {
		const uint64_t *cell;  /* once sorted: where the search for its window begins */
		struct replay *replay; /* once checked; NULL: the window does not exist yet */
	};
	uint8_t *outer; /* IP header */
	uint8_t *vpe;
	uint64_t esn;
	uint16_t inner_len;
	uint8_t index;             /* in the burst */
	uint8_t l2_len : 5;        /* Ethernet header and VLAN tags */
	uint8_t plain : 1;         /* one segment of its own, no tags, IP of the engine's family */
	uint8_t whole : 1;         /* all of it lies in the packet's first segment */
	uint8_t authenticated : 1; /* by the worker that handed it over: decrypted */
	uint32_t window;           /* SenderID and WindowID: windows_key() */
};

_Static_assert(sizeof(struct arrival) == RTE_CACHE_LINE_SIZE, "an arrival is one cache line");
_Static_assert(ENGINE_BURST_MAX <= 256, "an index fits");

struct arrivals {
	struct engine_worker *worker;
	const struct sadb *sadb;
	struct rte_mbuf **packets; /* the burst; NULL where one has gone */
	const struct sa_rx *sa;    /* of the last packet that entered */
	uint32_t vni;              /* of the same, which belongs to the SA's group */
	bool ipv6;                 /* the engine's address family: of what is plain */
	uint16_t count;
	struct arrival list[ENGINE_BURST_MAX] __rte_cache_aligned;
};

/* A verdict: the packet is marked for the worker that owns its window. */
#define HANDED_OVER (COVEY_DROP_COUNT + 1)

/* None yet. The list stays as it is. */
static inline void arrivals_begin(struct arrivals *arrivals, struct engine_worker *worker,
				  struct rte_mbuf **packets)
{
	arrivals->worker = worker;
	arrivals->sadb = engine_worker_sadb(worker);
	arrivals->packets = packets;
	arrivals->sa = NULL;
	arrivals->vni = UINT32_MAX;
	arrivals->ipv6 = worker->engine->config.vtep.family == AF_INET6;
	arrivals->count = 0;
}

static inline struct rte_mbuf *arrival_packet(const struct arrivals *arrivals,
					      const struct arrival *arrival)
{
	return arrivals->packets[arrival->index];
}

/* The functions of its SA's cipher that are this worker's. */
static inline const struct cipher *arrival_cipher(const struct arrivals *arrivals,
						  const struct arrival *arrival)
{
	return &arrival->sa->ciphers[arrivals->worker->index];
}

/* The inner packet, if any of it lies in the first segment. */
static inline uint8_t *arrival_inner(const struct arrival *arrival)
{
	return arrival->vpe + sizeof(struct covey_vpe_header);
}
