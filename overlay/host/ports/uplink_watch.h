/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Follows the uplinks where the kernel keeps them: their MTU, and whether one has its carrier back.
 * Uplinks come and go without harm. What counts is the smallest MTU of those that are there.
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

struct uplink_watch_handlers {
	/* The smallest MTU is not the one that was given, or not what it was, any more. Not called
	 * while there is no uplink. */
	void (*changed)(uint16_t mtu, void *arg);
	/* An uplink has its carrier back, however short the time without it was, or has become an
	 * uplink. */
	void (*up)(void *arg);
};

/* handlers stay the caller's. */
int uplink_watch_new(struct event_base *base, const struct inventory *inventory,
		     const struct inventory_host *host, uint16_t mtu,
		     const struct uplink_watch_handlers *handlers, void *arg,
		     struct uplink_watch **ret_watch, struct covey_error *error);
/* NULL-safe. */
void uplink_watch_free(struct uplink_watch *watch);
