/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "world.h"

/* The state machine's decisions as messages. */
struct group_output gkm_output(struct world *world);

void send_joined(struct world *world, unsigned host, uint16_t epoch);
void send_evicted(struct world *world, unsigned host);
