/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Checksums that a sender on the same machine has left to hardware. Its frame passes through no
 * network card, and a program that reads the frame as bytes does not learn that the checksum is
 * missing.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * Finish the checksum of TCP or UDP in an Ethernet frame of frame_len bytes, all of them at data.
 * The IP header begins at l2_len.
 *
 * A checksum is unfinished when it is the sum of the pseudo-header alone (RFC 9293 section 3.1): a
 * sender leaves that, and hardware continues from there. A finished checksum that happens to have
 * this value does not change. A damaged packet whose checksum happens to have this value, one of
 * 65,536, is not noticed as damaged any more: the checksum itself misses as many.
 *
 * Senders never leave an unfinished checksum in fragments, nor behind IPv6 extension headers.
 */
void checksum_finish(uint8_t *data, size_t l2_len, size_t frame_len);

/* The same for a VXLAN frame: first in the tenant's frame, which begins at inner_at, then of the
 * UDP around it, whose checksum covers it. */
void checksum_finish_vxlan(uint8_t *data, size_t l2_len, size_t inner_at, size_t frame_len);
