/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Watches what the ports stand on: the fabric's interface, the host's interface, and the carrier of
 * the latter, which follows the fabric's.
 */

#include <covey/error.h>
#include <event2/event.h>

struct carrier;
struct inventory;
struct inventory_host;
struct port_watch;
struct ports;

struct port_watch_config {
	struct event_base *base;
	const struct inventory *inventory;
	const struct inventory_host *host;
	struct carrier *carrier;
	void (*lost)(const char *what, void *arg); /* once: a port is of no use any more */
	/* The smallest MTU of the uplinks, where the kernel keeps them, is another one now. */
	void (*mtu_changed)(uint16_t mtu, void *arg);
	void *arg;
};

/* Call this before the ports are opened. */
int port_watch_new(const struct port_watch_config *config, struct port_watch **ret_watch,
		   struct covey_error *error);
/* Call this when they are open. */
int port_watch_opened(struct port_watch *watch, const struct ports *ports,
		      struct covey_error *error);
/* Call this when packets can pass: the host's interface gets its carrier if the fabric has one. */
int port_watch_start(struct port_watch *watch, struct covey_error *error);
/* up: called with the arg of the configuration; see link_watch_on_up(). */
void port_watch_on_up(struct port_watch *watch, void (*up)(void *arg));
/* NULL-safe. */
void port_watch_free(struct port_watch *watch);
