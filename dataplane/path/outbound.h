/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* From the host port to the fabric port: encrypt VXLAN, pass the rest. */

#include <rte_mbuf.h>
#include <stdint.h>

struct engine_worker;

/*
 * Takes count (at most ENGINE_BURST_MAX) frames that came from the host port. Those to be sent on
 * the fabric port are moved to the front of packets, in their order; their number is returned. All
 * others are freed, and counted by reason. The worker must be online (engine.h).
 */
uint16_t outbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count);
