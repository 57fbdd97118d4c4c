/* SPDX-License-Identifier: BSD-3-Clause */
/* Who sends in clear, as all workers together have heard it. */
#include "dataplane_state.h"
#include <rte_cycles.h>
#include <string.h>

static uint32_t ms_since(uint64_t seen, uint64_t now)
{
	uint64_t ticks_per_ms = RTE_MAX(rte_get_tsc_hz() / 1000, 1u);
	/* Clocks of two cores may differ a little. */
	uint64_t ms = now > seen ? (now - seen) / ticks_per_ms : 0;

	return (uint32_t)RTE_MIN(ms, UINT32_MAX);
}

static struct dataplane_heard entry_of(const struct heard_place *place, uint64_t now)
{
	bool ipv6 = heard_is_ipv6(&place->key);
	struct dataplane_heard entry = {
		.peer.family = ipv6 ? AF_INET6 : AF_INET,
		.vni = heard_vni(&place->key),
		.outbound = heard_is_outbound(&place->key),
		.packets = place->packets,
		.would_drop = place->would_drop,
		.reason = (enum covey_drop)place->reason,
		.seen_ms = ms_since(place->seen, now),
	};

	memcpy(entry.peer.bytes, place->key.words, ipv6 ? 16 : 4);
	return entry;
}

static bool is_same(const struct dataplane_heard *a, const struct dataplane_heard *b)
{
	return a->vni == b->vni && a->outbound == b->outbound &&
	       covey_addr_equal(&a->peer, &b->peer);
}

/* Two workers may have heard the same. */
static void merge(struct dataplane_heard *into, const struct dataplane_heard *entry)
{
	bool later = entry->seen_ms <= into->seen_ms;

	if (entry->would_drop > 0 && (later || into->would_drop == 0))
		into->reason = entry->reason;
	into->packets += entry->packets;
	into->would_drop += entry->would_drop;
	into->seen_ms = RTE_MIN(into->seen_ms, entry->seen_ms);
}

static size_t add(struct dataplane_heard *list, size_t count, size_t max,
		  const struct dataplane_heard *entry)
{
	for (size_t i = 0; i < count; i++)
		if (is_same(&list[i], entry)) {
			merge(&list[i], entry);
			return count;
		}
	if (count == max)
		return count;
	list[count] = *entry;
	return count + 1;
}

size_t dataplane_read_heard(const struct dataplane *dataplane, struct dataplane_heard *list,
			    size_t max)
{
	uint64_t now = rte_rdtsc();
	size_t count = 0;

	for (unsigned i = 0; i < dataplane->engine.worker_count; i++)
		for (uint32_t j = 0; j < HEARD_PLACES; j++) {
			struct heard_place place;
			struct dataplane_heard entry;

			if (!heard_read(dataplane->engine.workers[i].heard, j, &place))
				continue;
			entry = entry_of(&place, now);
			count = add(list, count, max, &entry);
		}
	return count;
}
