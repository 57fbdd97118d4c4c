/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Packets in several buffers, or in a buffer that others may read as well. */

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * May the bytes of a segment be changed? Not when another packet shares them, as when a port
 * mirrors the packet, or when the segment is part of a larger buffer.
 */
static inline bool segment_is_own(const struct rte_mbuf *segment)
{
	if (rte_mbuf_refcnt_read(segment) != 1 || RTE_MBUF_CLONED(segment))
		return false;
	return !RTE_MBUF_HAS_EXTBUF(segment) || rte_mbuf_ext_refcnt_read(segment->shinfo) == 1;
}

_Static_assert(offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, refcnt) + 2,
	       "both are read at once");

/* Is the packet a single segment whose bytes may be changed? A quick check. */
static inline bool segment_is_alone(const struct rte_mbuf *packet)
{
	const uint16_t once[] = {1, 1};

	return memcmp((const uint8_t *)packet + offsetof(struct rte_mbuf, refcnt), once,
		      sizeof(once)) == 0 &&
	       !(packet->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL));
}

/* Does the packet have its first len bytes, all in segments that may be changed? */
bool segments_are_own(const struct rte_mbuf *packet, uint32_t len);

/* Keep the packet's first len bytes; the first segment must have some of them. All after that, such
 * as Ethernet's padding, is removed, and with it segments that become empty. */
void segments_cut(struct rte_mbuf *packet, uint32_t len);
