/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The filter of a packet socket that shall see the probes of one run and no other packets: VXLAN in
 * clear with one of the run's tags, and VPE packets of exactly the lengths that the probes must
 * have, from one of two addresses. It looks at packets from the IP header on. Pure.
 */

#include <linux/filter.h>

#include "probe_frame.h"

#define PROBE_FILTER_MAX 128 /* instructions */

struct probe_filter {
	const struct probe_wire *wire;
	const uint8_t (*tags)[PROBE_TAG_LEN];
	size_t tag_count;          /* at most 2 * COVEY_PROBES_PER_RUN_MAX */
	const uint32_t *lengths;   /* of the VXLAN packets */
	size_t length_count;       /* at most COVEY_PROBES_PER_RUN_MAX; 0: no VPE packets */
	struct covey_addr from[2]; /* family 0: there is no second one */
};

/* Returns the number of instructions. */
size_t probe_filter_write(const struct probe_filter *filter,
			  struct sock_filter ret_program[PROBE_FILTER_MAX]);
