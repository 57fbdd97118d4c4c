/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a key manager may send to whom, whatever the members said. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manager.h"
#include "message.h"

#define GKM_GROUPS 2

/* Who is at the other end of a connection, and what it was told. */
struct gkm_peer {
	size_t host; /* in the inventory, or beyond */
	bool welcome;
	bool ended; /* refused as a whole */
	bool joined[GKM_GROUPS];
};

void gkm_sent_begin(const struct manager *manager);
void gkm_sent(struct gkm_peer *peer, const Covey__Message *message);
