/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What covey-host does around its state machine; the state machine itself is the real one. */

#include "world.h"

/* The program starts, again: it has nothing. */
void host_start(struct world *world, unsigned host);
void host_stop(struct world *world, unsigned host);

/* It has a connection, up to its Hello; the GKM's answer comes by host_receive(). */
void host_connect(struct world *world, unsigned host);
void host_receive(struct world *world, unsigned host, const Covey__Message *message);
/* The connection is gone, seen from the member. */
void host_closed(struct world *world, unsigned host);

/* Expiries and retries that are due. */
void host_tick(struct world *world, unsigned host);
/* When something is due next, SA_NEVER: nothing. Signs of life do not count. */
uint64_t host_deadline(const struct world *world, unsigned host);

struct membership *host_group(const struct world *world, unsigned host);
