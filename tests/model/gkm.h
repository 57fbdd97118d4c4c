/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What covey-gkm does around its state machine. It is written after gkm/realm.c and,
 * in gkm/session/, dispatch.c, join.c and outbox.c; the state machine itself is the real one.
 */

#include "world.h"

/* The program starts, again: it has what is durable. */
void gkm_start(struct world *world);
void gkm_stop(struct world *world);

/* A connection whose Hello is accepted; one that the member had before is superseded. */
void gkm_accept(struct world *world, unsigned host);
void gkm_receive(struct world *world, unsigned host, const Covey__Message *message);
/* The connection is gone, seen from the GKM. */
void gkm_closed(struct world *world, unsigned host);

/* The operator's commands. */
void gkm_evict(struct world *world, unsigned host);
void gkm_readmit(struct world *world, unsigned host);

/* Do what is due, another SA included. */
void gkm_settle(struct world *world);
/* When something is due without an event. */
uint64_t gkm_deadline(const struct world *world);
/* Settle, or note that it has to be done. */
void gkm_wake(struct world *world);
