/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The answer to `covey rekey`: which SA has begun, and which members keep it from being used. It
 * waits a moment, so that it can say this.
 */

#include <event2/event.h>
#include <stdbool.h>

#include "local_server.h"

struct realm;
struct rekey_answers;

/* NULL: no memory. */
struct rekey_answers *rekey_answers_new(struct event_base *base);
/* After the clients are gone. NULL-safe. */
void rekey_answers_free(struct rekey_answers *answers);

/* Another SA was asked for; wanted: and not one that is under way already (rekey_want()). */
void rekey_answers_add(struct rekey_answers *answers, struct local_client *client,
		       struct realm *realm, bool wanted);
