/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A tenant's IPv4 packet that does not fit and may be fragmented (RFC 791 section 3.2) becomes
 * fragments, each in a VXLAN packet of its own. The fragmenting is done inside, as a router on the
 * way would do it: the outer packet must not come in fragments, because only the first would have
 * UDP's ports.
 */

#include "segment.h"
#include "tenant.h"

/* segmenter->frame and len are set. The packet is one of FIT_FRAGMENTS (fit.h). */
enum segment_error fragment_begin(struct segmenter *segmenter, const struct vnet_header *header,
				  const struct tenant *tenant, uint32_t packet_max);

/* Write the next one. */
void fragment_take(struct segmenter *segmenter, uint8_t *to);
