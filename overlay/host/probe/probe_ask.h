/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Probes that the operator of this host has asked for: the request to the key manager, and the
 * reports that come back.
 */

#include <event2/event.h>
#include <jansson.h>
#include <local_server.h>
#include <message.h>

struct inventory;
struct inventory_host;
struct member;
struct probe_ask;

/* full: the longest VXLAN packet that this host sends, in bytes from the IP header on; it may
 * change. NULL when there is no memory. */
struct probe_ask *probe_ask_new(struct event_base *base, const struct inventory *inventory,
				const struct inventory_host *self, const uint16_t *full);
/* NULL-safe. */
void probe_ask_free(struct probe_ask *ask);

/* Ask through the member's session. The client gets the answer when all have reported. */
void probe_ask_request(struct probe_ask *ask, struct member *member, struct local_client *client,
		       const json_t *request);
void probe_ask_reported(struct probe_ask *ask, const Covey__ProbeReport *report);
