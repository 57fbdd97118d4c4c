/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The filter of a run's probes as an XDP program, which looks at frames before AF_XDP takes them
 * (link_redirect.h). It writes the start of each packet that passes into a ring buffer. It writes
 * nothing into the frame, and ends in the same way whatever it has seen. Pure.
 */

#include <link_redirect.h>

#include "probe_filter.h"

#define PROBE_PROGRAM_MAX 512 /* instructions */

/* Packets that were written. */
struct probe_counts {
	uint64_t run, clear; /* what the filter has returned */
};

struct probe_program {
	const struct sock_filter *filter; /* probe_filter_write() */
	size_t filter_len;
	bool v6;
	int ring;                             /* map of BPF_MAP_TYPE_RINGBUF */
	int count;                            /* array of one struct probe_counts */
	uint32_t hits_max;                    /* it writes no more packets of the run */
	uint32_t clear_max;                   /* and of other VXLAN in clear */
	const struct link_redirect *redirect; /* how it ends */
};

/* Length of the shortest packet that can be a probe: so many bytes of an IP packet are written, and
 * the filter looks no further. */
static inline uint32_t probe_program_snap(bool v6)
{
	return (v6 ? 40 : 20) + PROBE_LENGTH_MIN;
}

/* Returns the number of instructions. */
size_t probe_program_write(const struct probe_program *program,
			   struct bpf_insn ret_code[PROBE_PROGRAM_MAX]);
