/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What may become of one packet that does not fit. Tenants do not know how much encryption adds
 * where a VXLAN device was there before covey, so their packets may be too long by 60 or 80 bytes.
 */

#include "tenant.h"
#include "vnet_header.h"
#include <stdint.h>

enum fit {
	FIT_WHOLE,     /* it does fit, or it is not VXLAN */
	FIT_SEGMENTS,  /* TCP that may be cut like a super-frame (fit_as_super_frame()) */
	FIT_FRAGMENTS, /* IPv4 that routers may fragment (fragment.h) */
	FIT_NOT,       /* the sender has to be told, or nothing can be done */
	FIT_BROKEN,    /* the checksum of IPv4 or TCP is wrong: pieces would have a right one */
};

/*
 * header and frame: as segment_begin() has them, not of a super-frame. ret_tenant is set if the
 * frame is VXLAN and does not fit.
 *
 * TCP is cut only if nothing is lost by it: not with SYN, RST or URG, and not if each segment is
 * signed (RFC 2385, RFC 5925). IPv4 is fragmented if it has no options.
 */
enum fit fit_find(const struct vnet_header *header, const uint8_t *frame, uint32_t len,
		  uint32_t packet_max, struct tenant *ret_tenant);

/* The vnet header of a super-frame that this packet is cut like. FIT_SEGMENTS only. */
void fit_as_super_frame(const uint8_t *frame, uint32_t len, struct vnet_header *ret_header);
