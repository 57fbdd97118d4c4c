/* SPDX-License-Identifier: BSD-3-Clause */
#include "segments.h"

bool segments_are_own(const struct rte_mbuf *packet, uint32_t len)
{
	uint32_t found = 0;

	for (; packet && found < len; packet = packet->next) {
		if (!segment_is_own(packet))
			return false;
		found += packet->data_len;
	}
	return found >= len;
}

void segments_cut(struct rte_mbuf *packet, uint32_t len)
{
	struct rte_mbuf *last = packet, *rest;
	uint16_t kept = 1;
	uint32_t before = 0;

	while (before + last->data_len < len) {
		before += last->data_len;
		last = last->next;
		kept++;
	}
	rest = last->next;
	last->next = NULL;
	last->data_len = (uint16_t)(len - before);
	packet->nb_segs = kept;
	packet->pkt_len = len;
	while (rest) {
		struct rte_mbuf *next = rest->next;

		rte_pktmbuf_free_seg(rest);
		rest = next;
	}
}
