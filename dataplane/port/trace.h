/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Places at which bpftrace(8) or perf(1) can look into a running covey-host (USDT). In the code
 * each is a NOP, and a note in the program's file says where it is and where to find its arguments.
 * So nothing happens while nobody looks. Arguments are no keys and no bytes of packets. An example
 * is deploy/bpftrace/covey.bt.
 */

#include <covey/drop.h>
#include <stdint.h>
#include <sys/sdt.h>

/* A worker drops a frame. Not of what a port drops by itself. */
static inline void trace_drop(enum covey_drop reason, uint32_t frame_len)
{
	DTRACE_PROBE3(covey, drop, (uint32_t)reason, covey_drop_names[reason], frame_len);
}

/* What the control thread has done with an SA. group: its index. */
static inline void trace_sa_install(uint32_t spi, uint32_t group, uint16_t epoch)
{
	DTRACE_PROBE3(covey, sa_install, spi, group, epoch);
}

static inline void trace_sa_activate(uint32_t spi, uint32_t group)
{
	DTRACE_PROBE2(covey, sa_activate, spi, group);
}

static inline void trace_sa_drain(uint32_t spi, uint32_t group)
{
	DTRACE_PROBE2(covey, sa_drain, spi, group);
}

/* Its keys are wiped. */
static inline void trace_sa_remove(uint32_t spi, uint32_t group)
{
	DTRACE_PROBE2(covey, sa_remove, spi, group);
}
