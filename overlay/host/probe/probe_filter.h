/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The filter of a packet socket that shall see the probes of one run and no other packets: VXLAN in
 * clear with one of the run's tags, and VPE packets of exactly the lengths that the probes must
 * have, from one of two addresses. If it is asked for, also other VXLAN in clear, by VNI. It looks
 * at packets from the IP header on. Pure.
 */

#include <linux/filter.h>

#include "probe_frame.h"

#define PROBE_FILTER_MAX 192 /* instructions */
#define PROBE_RANGES_MAX 32u

/* What the filter returns of a packet that passes: so many bytes of it are handed over, which are
 * all headers that are looked at. */
#define PROBE_FILTER_RUN   256 /* it may be of the run */
#define PROBE_FILTER_CLEAR 128 /* it has a VNI for which VXLAN in clear is asked for */

struct probe_range {
	uint32_t first, last; /* VNIs */
};

struct probe_filter {
	const struct probe_wire *wire;
	const uint8_t (*tags)[PROBE_TAG_LEN];
	size_t tag_count;        /* at most 2 * COVEY_PROBES_PER_RUN_MAX */
	const uint32_t *lengths; /* of the VXLAN packets */
	size_t length_count;     /* at most COVEY_PROBES_PER_RUN_MAX; 0: no VPE packets */
	struct covey_addr
		from[2]; /* family 0: there is no second one; its family is the fabric's */
	const struct probe_range *clear;
	size_t clear_count; /* at most PROBE_RANGES_MAX; 0: no other VXLAN in clear */
};

/* VNIs, sorted, as few ranges: where they are more, the last one has others between its own, too.
 * Returns how many they are. */
size_t probe_filter_ranges(const uint32_t *vnis, size_t count,
			   struct probe_range ret_ranges[PROBE_RANGES_MAX]);

/* Do these ranges of so many VNIs have no others between? */
bool probe_filter_is_exact(const struct probe_range *ranges, size_t count, size_t vni_count);

/* Returns the number of instructions. */
size_t probe_filter_write(const struct probe_filter *filter,
			  struct sock_filter ret_program[PROBE_FILTER_MAX]);
