/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Follows the MTU of the uplinks where the kernel keeps them. Uplinks come and go without harm; but
 * the ports were opened for the smallest MTU, and must be opened anew when it changes.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdint.h>

struct inventory_host;
struct uplink_watch;

/* The smallest MTU of the host's uplinks that exist; 0: none exists. */
uint16_t uplinks_mtu(const struct inventory_host *host);

/* lost: called once, when the smallest MTU is not mtu any more. */
int uplink_watch_new(struct event_base *base, const struct inventory_host *host, uint16_t mtu,
		     void (*lost)(const char *what, void *arg), void *arg,
		     struct uplink_watch **ret_watch, struct covey_error *error);
/* NULL-safe. */
void uplink_watch_free(struct uplink_watch *watch);
