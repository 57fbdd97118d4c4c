/* SPDX-License-Identifier: BSD-3-Clause */
#include "clear.h"
#include <rte_cycles.h>

/* The peer: who has sent what comes in, or where that goes which leaves. */
static struct heard_key key_of(const uint8_t *ip, uint32_t vni, bool outbound)
{
	bool ipv6 = ip_version(ip) == 6;
	size_t source = ipv6 ? 8 : 12, len = ipv6 ? 16 : 4;

	return heard_key_of(ip + source + (outbound ? len : 0), ipv6, vni, outbound);
}

void clear_passes(struct engine_worker *worker, const uint8_t *ip, uint32_t vni, bool outbound,
		  enum covey_drop enforced)
{
	struct dataplane_counters *counters = &worker->counters;
	struct heard_key key = key_of(ip, vni, outbound);

	counter_add(outbound ? &counters->clear_out : &counters->clear_in, 1);
	if (enforced != NO_DROP)
		counter_add(&counters->would_drop[enforced], 1);
	if (!heard_note(worker->heard, &key, enforced, rte_rdtsc()))
		counter_add(&counters->unheard, 1);
}

void clear_passes_unnamed(struct engine_worker *worker, enum covey_drop enforced)
{
	counter_add(&worker->counters.would_drop[enforced], 1);
}

bool clear_tunnel_passes(const struct sadb *sadb, uint32_t vni)
{
	int group = vni_table_find(sadb->vnis, vni);

	if (group != VNI_NO_GROUP)
		return sadb_accepts_clear(sadb, group, vni);
	return !covey_vnis_have(sadb->fabric_vnis, sadb->fabric_vnis_count, vni);
}
