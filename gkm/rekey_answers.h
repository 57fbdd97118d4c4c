/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The answer to `covey rekey`: which SA has begun, and which members we still wait for. The answer
 * waits a moment, so that it can say this.
 */

#include <event2/event.h>
#include <stdbool.h>

#include "local_server.h"

struct realm;
struct rekey_answers;

/* NULL when there is no memory. */
struct rekey_answers *rekey_answers_new(struct event_base *base);
/* To be called after the clients are gone. NULL-safe. */
void rekey_answers_free(struct rekey_answers *answers);

/* A client has asked for another SA. wanted: a new one will begin; false: one that is being
 * installed already is as good (rekey_want()). */
void rekey_answers_add(struct rekey_answers *answers, struct local_client *client,
		       struct realm *realm, bool wanted);
