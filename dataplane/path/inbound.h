/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* From the fabric port to the host port: decrypt VPE, drop clear VXLAN, pass the rest. */

#include <rte_mbuf.h>
#include <stdint.h>

struct engine_worker;

/*
 * Take count (at most ENGINE_BURST_MAX) frames that came from the fabric port. Those to transmit on
 * the host port are moved to the front of packets, in their order, and their number returned;
 * packets of windows that another worker owns are handed over to it; all others are freed and
 * counted by reason. The worker is online (engine.h).
 */
uint16_t inbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count);

/*
 * The same for packets that other workers handed over (handover.h). Bit i of authenticated: packet
 * i is decrypted; all is checked again but its tag.
 */
uint16_t inbound_burst_handed_over(struct engine_worker *worker, struct rte_mbuf **packets,
				   uint16_t count, uint64_t authenticated);
