/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The page of metrics over HTTP, for Prometheus: GET /metrics, one request for each connection.
 * Beside it there may be pages for people, with what they load: for users of this machine alone. It
 * runs in the daemon's event loop, so whatever a client does costs the daemon little: few clients
 * at once, each with a deadline and bounded requests, and a page that is made at most a few times a
 * second, however many ask.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

#include "metrics_page.h"

struct metrics_server;

/* For a browser. */
struct metrics_file {
	const char *path; /* "/page.css" */
	const char *type; /* "text/css; charset=utf-8" */
	const char *text;
	size_t len;
};

struct metrics_config {
	struct event_base *base;
	/* The inventory's word: "off", "unix:/path", or an address and port. Copied. */
	const char *place;
	/* Fill in a page. */
	void (*fill)(struct metrics_page *page, void *arg);
	/* JSON at /status.json: from malloc(), or NULL when there is no memory. It must not contain
	 * secrets. NULL: there is none. */
	char *(*status)(void *arg);
	/* As long as the server lives. */
	const struct metrics_file *files;
	size_t file_count;
	/* It listens now (why is NULL), or cannot and tries again by itself (why says why). Called
	 * when that changes, first from metrics_open(). */
	void (*told)(const char *place, const char *why, void *arg);
	void *arg;
	uint32_t patience_ms; /* that a client is given; 0: COVEY_METRICS_SECONDS */
};

/*
 * Serve the page. A place that cannot be had is no reason to fail: told() says it, and it is tried
 * again every few seconds. *ret_server is NULL for "off". Returns 0, or -ENOMEM.
 */
int metrics_open(const struct metrics_config *config, struct metrics_server **ret_server,
		 struct covey_error *error);
/* Disconnects all clients. NULL-safe. */
void metrics_close(struct metrics_server *server);
