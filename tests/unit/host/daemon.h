/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A host behind its control socket, in this process: inventory, session and commands are the real
 * ones; there is no GKM, and the dataplane holds nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <commands.h>
#include <event2/event.h>
#include <host.h>
#include <identity.h>
#include <inventory.h>
#include <jansson.h>
#include <member.h>

struct daemon {
	char directory[64];
	char socket[96];
	struct event_base *base;
	struct inventory *inventory;
	struct identity identity;
	struct member *member;
	struct commands *commands;
	struct host host;
};

struct daemon *daemon_new(void);
void daemon_free(struct daemon *daemon);

/* Connect a client; its descriptor does not block. */
int daemon_connect(const struct daemon *daemon);
/* Run the event loop until everything that can be done now is done. */
void daemon_run(struct daemon *daemon);
/* Run until the client has a whole line or its end, and return that (at most one buffer long), or
 * "" when the connection ended without. Fails after ten seconds. */
const char *daemon_read(struct daemon *daemon, int client);
/* Send a request and return the answer as JSON; fails when it is none. */
json_t *daemon_ask(struct daemon *daemon, const char *request);
