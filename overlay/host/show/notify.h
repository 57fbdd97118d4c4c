/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the service manager is told (sd_notify): readiness, a status line, signs of life.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct notify;
struct host;

/*
 * If the service manager asked for it, feed its watchdog from the event loop while alive() is true.
 * alive() tells whether what does not run in that loop still works.
 */
int notify_new(struct event_base *base, bool (*alive)(void *arg), void *arg,
	       struct notify **ret_notify, struct covey_error *error);
/* NULL-safe. */
void notify_free(struct notify *notify);

void notify_ready(void);
void notify_stopping(void);
/* Send "GKM connected; tenants: joined, SPI 256 active; ..." when it differs from the last such
 * line. */
void notify_status(struct notify *notify, const struct host *host);
