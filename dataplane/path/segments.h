/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Packets that lie in several buffers, or in one that others look into as well. */

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * May a segment's bytes be changed? Not when another packet shares them: a copy that a port
 * mirrors, or a part of a larger buffer.
 */
static inline bool segment_is_own(const struct rte_mbuf *segment)
{
	if (rte_mbuf_refcnt_read(segment) != 1 || RTE_MBUF_CLONED(segment))
		return false;
	return !RTE_MBUF_HAS_EXTBUF(segment) || rte_mbuf_ext_refcnt_read(segment->shinfo) == 1;
}

_Static_assert(offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, refcnt) + 2,
	       "both are read at once");

/* Is the packet one segment, of which the same can be said at a glance? */
static inline bool segment_is_alone(const struct rte_mbuf *packet)
{
	const uint16_t once[] = {1, 1};

	return memcmp((const uint8_t *)packet + offsetof(struct rte_mbuf, refcnt), once,
		      sizeof(once)) == 0 &&
	       !(packet->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL));
}

/* Are the packet's first len bytes all there, in segments that may be changed? */
bool segments_are_own(const struct rte_mbuf *packet, uint32_t len);

/* Keep the packet's first len bytes, of which the first segment has some; what lies behind, such as
 * Ethernet's padding, goes, and segments with it. */
void segments_cut(struct rte_mbuf *packet, uint32_t len);
