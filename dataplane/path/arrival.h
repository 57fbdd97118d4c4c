/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A burst from the fabric, on its way through the stages of inbound.c: what is known so far of each
 * VPE packet, and what the stages share.
 */

#include "burst.h"
#include "sadb.h"

/* A VPE packet. One cache line. */
struct arrival {
	const struct sa_rx *sa;
	const struct sender *sender; /* the SenderID's place in the table, which may be empty */
	const struct cipher_key *key;
	union {
		const uint64_t *cell;  /* after sorting: where the search for its window begins */
		struct replay *replay; /* after the check; NULL: the window does not exist yet */
	};
	uint8_t *outer; /* IP header */
	uint8_t *vpe;
	uint64_t esn;
	uint16_t inner_len;
	uint8_t index;             /* in the burst */
	uint8_t l2_len : 5;        /* Ethernet header and VLAN tags */
	uint8_t plain : 1;         /* one unshared segment, no tags, IP of the engine's family */
	uint8_t whole : 1;         /* the packet lies in its first segment completely */
	uint8_t authenticated : 1; /* the worker that handed it over has decrypted it */
	uint32_t window;           /* SenderID and WindowID: windows_key() */
};

_Static_assert(sizeof(struct arrival) == RTE_CACHE_LINE_SIZE, "an arrival is one cache line");
_Static_assert(ENGINE_BURST_MAX <= 256, "an index fits");

struct arrivals {
	struct engine_worker *worker;
	const struct sadb *sadb;
	struct rte_mbuf **packets;       /* the burst; NULL where one has gone */
	uint64_t now;                    /* of the time-stamp counter, when the burst was opened */
	const struct cipher_key *latest; /* key of the last packet that was checked */
	const struct sa_rx *sa;          /* SA of the last packet that entered */
	uint32_t vni;                    /* VNI of that packet; it belongs to the SA's group */
	bool ipv6; /* the engine's address family, and that of plain packets */
	uint16_t count;
	struct arrival list[ENGINE_BURST_MAX] __rte_cache_aligned;
};

/* A verdict: the packet is marked, and goes to the worker that owns its window. */
#define HANDED_OVER (COVEY_DROP_COUNT + 1)

/* Begin with an empty list. The memory of the list is not cleared. */
static inline void arrivals_begin(struct arrivals *arrivals, struct engine_worker *worker,
				  struct rte_mbuf **packets)
{
	arrivals->worker = worker;
	arrivals->sadb = engine_worker_sadb(worker);
	arrivals->packets = packets;
	arrivals->latest = NULL;
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

/* The functions of the SA's cipher that belong to this worker. */
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
