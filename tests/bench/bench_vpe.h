/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Making engines for VPE. */

#include "bench_dataplane.h"
#include "engine.h"

#define BENCH_SENDER_ID   2
#define BENCH_RECEIVER_ID 1
#define BENCH_EPOCH       1

/* An engine of the VTEP at address with one group and one active SA, whose roster is peers. With
 * sender_id 0 it only receives. */
int bench_engine_new(const struct bench_shape *shape, uint32_t address, uint16_t sender_id,
		     const struct covey_roster_entry *peers, size_t peer_count,
		     struct engine **ret_engine, struct covey_error *error);
struct covey_roster_entry bench_peer(uint32_t address, uint16_t sender_id);
/* The name of the first counter of dropped packets that is not zero, or NULL. */
const char *bench_engine_reason(const struct engine *engine);
unsigned bench_engine_windows(const struct engine *engine);
