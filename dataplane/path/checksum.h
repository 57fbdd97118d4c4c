/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Checksums that a sender on the same machine left to hardware. Its frame passes through no card,
 * and a program that reads it as bytes is not told that something is missing.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * Finish the checksum of TCP or UDP in the IP packet of an Ethernet frame of frame_len bytes, all
 * of them at data, whose IP header begins at l2_len. It is unfinished when there stands the sum of
 * the pseudo-header alone (RFC 9293 section 3.1), as is left for hardware to go on from; one that
 * is right and happens to be equal comes out the same. What is damaged and happens to be equal, one
 * of 65,536 such, is not noticed any more: as many as the checksum itself misses. Fragments, and
 * what stands behind IPv6's extension headers, no sender leaves so.
 */
void checksum_finish(uint8_t *data, size_t l2_len, size_t frame_len);
