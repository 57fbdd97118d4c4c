/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey capture` asks: which interfaces to listen at, and packets that are dropped. Only root
 * may ask, as tenants' packets are in clear in it, and the log says what was asked for.
 *
 * Packets that are dropped are kept only while somebody asks for them again and again. Each answer
 * has a bounded number of them, so a client that reads slowly costs nothing.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <jansson.h>

struct captures;
struct host;
struct local_client;

int captures_new(struct event_base *base, const struct host *host, struct captures **ret_captures,
		 struct covey_error *error);
/* To be called before the dataplane closes, as no client is answered any more. */
void captures_end(struct captures *captures);
/* NULL-safe. */
void captures_free(struct captures *captures);

/*
 * {"command": "capture", "what": "inside"|"outside"|"drops", "count": N, "seconds": N}: begin. The
 * answer has the interfaces, the ports by which packets are known, and of drops an "id".
 * {"command": "capture", "id": ID}: packets that were dropped since the last time. With "end": true
 * these are the last.
 */
void captures_request(struct captures *captures, struct local_client *client,
		      const json_t *request);
