/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "world.h"

/* Queue a message to the member, or to the GKM; lost when the reader is gone already. */
void wire_down(struct world *world, unsigned host, const Covey__Message *message);
void wire_up(struct world *world, unsigned host, const Covey__Message *message);

/* The first message, NULL: none. Free with message_free(). */
Covey__Message *wire_look(const struct queue *queue);
Covey__Message *wire_take(struct queue *queue);

void wire_clear(struct queue *queue);
