/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A frame as the kernel hands it over, with a vnet header before it, becomes packets that each
 * stand alone: one, or as many as a super-frame has segments. The way out, before encryption.
 *
 * Each segment has the super-frame's headers, with its own lengths, IPv4 identifications (RFC 6864:
 * the next number each), TCP sequence number and flags (FIN and PSH in the last one, CWR in the
 * first: RFC 9293, RFC 3168 section 6.1.2), and checksums, the inner one summed up while bytes are
 * copied.
 */

#include "shape.h"
#include "vnet_header.h"
#include <stddef.h>

/* Why a frame is not taken. */
enum segment_error {
	SEGMENT_OK,
	SEGMENT_HEADER,   /* the vnet header lies, or says what nobody asked for */
	SEGMENT_SHAPE,    /* a super-frame whose headers are none that can be cut */
	SEGMENT_TOO_BIG,  /* does not fit, and may not be cut */
	SEGMENT_FRAGMENT, /* the same of a fragment, which would not leave if it did fit */
};

struct segmenter {
	const uint8_t *frame;
	struct shape shape;   /* of a super-frame */
	uint32_t len;         /* of the frame */
	uint32_t at;          /* payload that is not cut yet begins here; len: nothing is left */
	uint16_t size;        /* payload of a segment but the last */
	uint16_t index;       /* of the next segment */
	uint16_t csum_start;  /* one packet: its unfinished checksum's; */
	uint16_t csum_offset; /* 0: none */
	uint16_t checksum;    /* fragments: what the first gets there */
	bool whole;           /* one packet, sent as it is */
	bool fragments;       /* of one packet (fragment.h) */
	bool outer_checksum;
	uint64_t outer_sum; /* of all that the segments' outer checksum covers alike */
	uint64_t inner_sum;
};

/*
 * Begin with a frame of len bytes, which stays the caller's, unchanged, until its last segment is
 * taken. packet_max: bytes of the longest outer IP packet that may leave. TCP is cut to it, also
 * one packet of it, and one packet of IPv4 without DF is fragmented (fit.h). A super-frame of UDP
 * that would need it is SEGMENT_TOO_BIG, and so is any other packet of VXLAN that does not fit, and
 * a frame that is longer than such a packet with Ethernet and all its tags, unless it is a
 * fragment. Nothing that the vnet header says is believed: it must be what the frame's own headers
 * say. After an error there is no packet to take.
 */
enum segment_error segment_begin(struct segmenter *segmenter, const struct vnet_header *header,
				 const uint8_t *frame, uint32_t len, uint32_t packet_max);

/* Bytes of the next packet. 0: there is none left. */
uint32_t segment_len(const struct segmenter *segmenter);

/* Write the next packet, segment_len() bytes, to where it does not overlap the frame. */
void segment_take(struct segmenter *segmenter, uint8_t *to);

/* How many packets are left. */
static inline uint32_t segment_count(const struct segmenter *segmenter)
{
	uint32_t left = segmenter->len - segmenter->at;

	if (segmenter->whole || left == 0)
		return left != 0;
	return (left + segmenter->size - 1) / segmenter->size;
}

/* Leave out the packets that are left. */
static inline void segment_skip(struct segmenter *segmenter)
{
	segmenter->at = segmenter->len;
}
