/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a queue of a port that is no device of DPDK counts. One worker writes it; others read it. */

#include "counter.h"
#include <covey/drop.h>
#include <dataplane.h>

struct port_counters {
	uint64_t packets;
	uint64_t bytes; /* of frames */
	uint64_t drops[COVEY_DROP_COUNT];
};

static inline void port_count_drop(struct port_counters *counters, enum covey_drop reason,
				   uint64_t packets)
{
	counter_add(&counters->drops[reason], packets);
}

static inline void port_counters_add_drops(const struct port_counters *counters, uint64_t *drops)
{
	for (unsigned reason = 0; reason < COVEY_DROP_COUNT; reason++)
		drops[reason] += counter_read(&counters->drops[reason]);
}
