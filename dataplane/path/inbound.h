/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* From the fabric port to the host port: decrypt VPE, drop clear VXLAN, pass the rest. */

#include <rte_mbuf.h>
#include <stdint.h>

struct engine_worker;

/*
 * Takes count (at most ENGINE_BURST_MAX) frames that came from the fabric port. Those to be sent on
 * the host port are moved to the front of packets, in their order; their number is returned.
 * Packets whose window belongs to another worker are handed over to it. All others are freed, and
 * counted by reason. The worker must be online (engine.h).
 */
uint16_t inbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count);

/*
 * The same for packets that other workers handed over (handover.h). Bit i of authenticated is set
 * when packet i is decrypted. Such a packet is checked again, except for its tag.
 */
uint16_t inbound_burst_handed_over(struct engine_worker *worker, struct rte_mbuf **packets,
				   uint16_t count, uint64_t authenticated);
