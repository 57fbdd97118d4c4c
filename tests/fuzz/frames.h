/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Frames of the TAP device as a slow reader sees them, for the fuzzers of dataplane/offload. It
 * shares no line with what it is held against.
 */

#include "vnet_header.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An input: IP bytes of the longest packet (2, little-endian), a vnet header, a frame. */
struct frames_input {
	uint32_t packet_max;
	struct vnet_header header;
	const uint8_t *frame;
	uint32_t len;
};

bool frames_read(const uint8_t *data, size_t size, struct frames_input *ret_input);

/* Where the headers of VXLAN with TCP or UDP in it begin. */
struct frames_places {
	uint32_t outer_ip, outer_udp, inner_ip, l4, payload;
	bool outer_ipv6, inner_ipv6, udp;
};

/* False when there are none. */
bool frames_find(const uint8_t *frame, uint32_t len, struct frames_places *ret_places);

/* The outer ones alone, of any UDP. */
struct frames_outer {
	uint32_t ip, udp;
	bool ipv6;
};

bool frames_find_outer(const uint8_t *frame, uint32_t len, struct frames_outer *ret_outer);

/* RFC 1071, over any number of bytes, the last word filled up with a zero. */
uint32_t frames_sum(const uint8_t *bytes, size_t len, uint32_t sum);
/* Of the pseudo-header, for so many bytes behind the IP header. */
uint32_t frames_pseudo(const uint8_t *ip, bool ipv6, uint32_t protocol, uint32_t len);

/* Put lengths and checksums right, as far as there are headers. An outer checksum of 0 stays. */
void frames_repair(uint8_t *frame, uint32_t len);

/*
 * Give packets to coalesce.h, and what it makes of them to segment.h: the same packets must come
 * out. Identifications that mean nothing (RFC 6864 section 4.1) may be others. offloads: bits 0 to
 * 3, as struct coalesce_offloads has them.
 */
void frames_check_joined(uint8_t *const *packets, const uint32_t *lens, unsigned count,
			 unsigned offloads);

/* Give packets to batch.h: what it makes of them must hold just these packets, of one flow, with
 * right lengths and checksums. */
void frames_check_batches(uint8_t *const *packets, const uint32_t *lens, unsigned count);
