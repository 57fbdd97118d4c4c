/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Follows the MTU of the uplinks where the kernel keeps them. Uplinks come and go without harm.
 * What counts is the smallest MTU of those that are there.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdint.h>

struct inventory;
struct inventory_host;
struct uplink_watch;

/* Of the host's uplinks that exist. 0: none exists. */
struct uplinks_mtu {
	uint16_t smallest; /* or what the inventory says, if that is less */
	uint16_t largest;  /* what it may become when those with smaller ones go */
};

struct uplinks_mtu uplinks_mtu(const struct inventory *inventory,
			       const struct inventory_host *host);

/* changed: called when the smallest MTU is not mtu, or not what it was, any more. Not called while
 * there is no uplink. */
int uplink_watch_new(struct event_base *base, const struct inventory *inventory,
		     const struct inventory_host *host, uint16_t mtu,
		     void (*changed)(uint16_t mtu, void *arg), void *arg,
		     struct uplink_watch **ret_watch, struct covey_error *error);
/* NULL-safe. */
void uplink_watch_free(struct uplink_watch *watch);
