/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The inner packet: the checks after decryption, and the removal of what is around it. It may lie
 * in several segments, and so may its headers. */

#include "arrival.h"
#include <headers.h>

/*
 * May the decrypted packet enter? If so, it gets the outer packet's congestion mark, and all
 * between Ethernet and it, or after it, is removed.
 */
enum covey_drop inner_enter_any(struct arrivals *arrivals, const struct arrival *arrival);

/* Does the VNI belong to the group of the SA? Consecutive packets often have the same. */
static __rte_always_inline bool inner_is_of_group(struct arrivals *arrivals, const struct sa_rx *sa,
						  uint32_t vni)
{
	if (likely(vni == arrivals->vni && sa == arrivals->sa))
		return true;
	if (unlikely(vni_table_find(arrivals->sadb->vnis, vni) != (int)sa->group))
		return false;
	arrivals->sa = sa;
	arrivals->vni = vni;
	return true;
}

/* Is there nothing special about a plain arrival's inner packet, so that it may enter without
 * further checks? That is so when its congestion mark is that of the outer header. */
static __rte_always_inline bool inner_is_plain(struct arrivals *arrivals,
					       const struct arrival *arrival, bool ipv6)
{
	const struct classifier *classifier = &arrivals->worker->engine->classifier;
	const uint8_t *outer = arrival->outer, *inner = arrival_inner(arrival);
	size_t len = arrival->inner_len;
	struct frame frame;

	if (unlikely(!recognise_ip_of(classifier, ipv6, inner, len, &frame)))
		return false;
	return frame.kind == FRAME_VXLAN && frame.ip_len == len &&
	       ((inner[1] ^ outer[1]) & (ipv6 ? 0x30 : 0x03)) == 0 &&
	       (ipv6 ? memcmp(inner + 8, outer + 8, 32) == 0 : is_same_8(inner + 12, outer + 12)) &&
	       inner_is_of_group(arrivals, arrival->sa, frame.vni);
}

/* Remove what is between Ethernet and a plain arrival's inner packet, and what is after it. */
static __rte_always_inline void inner_release(struct rte_mbuf *packet,
					      const struct arrival *arrival)
{
	uint32_t l2_len = sizeof(struct rte_ether_hdr), len = l2_len + arrival->inner_len;
	uint8_t *outer = arrival->outer, *inner = arrival_inner(arrival);

	ethernet_move(inner - l2_len, outer - l2_len, l2_len);
	packet->data_off += (uint16_t)(inner - outer);
	packet->data_len = (uint16_t)len;
	packet->pkt_len = len;
}

/* Does the same as inner_enter_any(), faster for plain packets. */
static __rte_always_inline enum covey_drop inner_enter(struct arrivals *arrivals,
						       const struct arrival *arrival)
{
	if (unlikely(!arrival->plain ||
		     !(arrivals->ipv6 ? inner_is_plain(arrivals, arrival, true)
				      : inner_is_plain(arrivals, arrival, false))))
		return inner_enter_any(arrivals, arrival);
	inner_release(arrival_packet(arrivals, arrival), arrival);
	return NO_DROP;
}
