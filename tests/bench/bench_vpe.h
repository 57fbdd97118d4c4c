/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Making dataplanes for VPE. */

#include "bench_dataplane.h"
#include "dataplane_state.h"

#define BENCH_SENDER_ID   2
#define BENCH_RECEIVER_ID 1
#define BENCH_EPOCH       1
#define BENCH_GROUP       0

/* How the VTEP at address is set up, and its side of the SA. With sender_id 0 it only receives. */
struct dataplane_config bench_vpe_config(const struct bench_shape *shape, uint32_t address);
struct covey_sa bench_vpe_sa(const struct bench_shape *shape, uint16_t sender_id);

/* A dataplane of the VTEP at address with one group and one active SA, whose roster is peers. */
int bench_vpe_new(const struct bench_shape *shape, uint32_t address, uint16_t sender_id,
		  const struct covey_roster_entry *peers, size_t peer_count,
		  struct dataplane **ret_dataplane, struct covey_error *error);
struct covey_roster_entry bench_peer(uint32_t address, uint16_t sender_id);
/* The name of the first counter of dropped packets that is not zero, or NULL. */
const char *bench_vpe_reason(const struct dataplane *dataplane);
unsigned bench_vpe_windows(const struct dataplane *dataplane);
