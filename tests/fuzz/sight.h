/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A frame as a slow and trusting reader sees it: whatever could be taken for VXLAN or VPE is, with
 * any number of tags and extension headers and whatever lengths say. It shares no line with the
 * dataplane, whose own reader is held against it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sight {
	bool vxlan;          /* UDP to the VXLAN port, or to that of a tunnel that is carried */
	bool tunnel;         /* UDP to the port of a tunnel that is not carried */
	bool whole;          /* of what is carried: its header says nothing that cannot be */
	bool has_vni;        /* of one or the other, as far as it is there */
	bool vpe;            /* UDP to the VPE port, or VPE's IP protocol */
	bool quotes_vxlan;   /* an ICMP error about VXLAN */
	bool fragment;       /* of a larger packet, or marked as one */
	bool later_fragment; /* and not the first */
	bool udp;
	uint8_t version; /* of IP: 4, 6, or 0 */
	size_t ip;       /* where IP begins */
	size_t ip_len;   /* as its header says */
	size_t payload;  /* where VXLAN or VPE begins, when there is any */
	uint32_t vni;
};

/* From now on, are VXLAN-GPE and Geneve carried? */
void sight_set_carried(bool carried);

struct sight sight_of_frame(const uint8_t *frame, size_t len);
/* The same for an IP packet alone. */
struct sight sight_of_ip(const uint8_t *ip, size_t len);

/* The plainest of packets, which nothing but its contents may stop: without tags, options,
 * extensions and fragments, where all lengths agree with len. */
bool sight_is_ordinary(const struct sight *sight, const uint8_t *frame, size_t len);

/* Is what came out, as long as what went in, the same but for a checksum of TCP or UDP that was
 * left to hardware (the sum of the pseudo-header stood there) and is right now? */
bool sight_is_finished(const struct sight *sight, const uint8_t *before, const uint8_t *after,
		       size_t len);
