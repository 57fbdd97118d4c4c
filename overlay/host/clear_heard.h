/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who sends VXLAN in clear to this host, since it was asked last. Where the kernel keeps its
 * interfaces, the guard counts that; as a bump in the wire, the dataplane does.
 */

#include <effects.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clear_heard;

/* NULL: out of memory. */
struct clear_heard *clear_heard_new(void);
void clear_heard_free(struct clear_heard *heard); /* NULL-safe */

/* One of those who were heard. packets: counted since this sender and VNI were heard first, or anew
 * after a while of silence. */
void clear_heard_add(struct clear_heard *heard, const struct covey_addr *address, uint32_t vni,
		     uint64_t packets);

/* Some of those who were heard could not be added. */
void clear_heard_incomplete(struct clear_heard *heard);

/* Who has sent since the last call: at most max with their packets. The others, behind them, have
 * none; they are given out by the next calls, if they are added again. Then all is added anew. */
void clear_heard_take(struct clear_heard *heard, size_t max, struct effects_heard_all *ret_all);
