/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* From the host port to the fabric port: encrypt VXLAN, pass the rest. */

#include <rte_mbuf.h>
#include <stdint.h>

struct engine_worker;

/*
 * Take count (at most ENGINE_BURST_MAX) frames that came from the host port. Those to transmit on
 * the fabric port are moved to the front of packets, in their order, and their number returned; all
 * others are freed and counted by reason. The worker is online (engine.h).
 */
uint16_t outbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count);
