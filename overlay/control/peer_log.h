/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The log for lines that a peer can cause: no peer can fill it (log_limit.h). One of the daemon's
 * own lines goes to log.h.
 */

#include <event2/event.h>

#include "log.h"

struct peer_log;

/* NULL: no memory. */
struct peer_log *peer_log_new(struct event_base *base);
/* Says what was kept back. NULL-safe. */
void peer_log_free(struct peer_log *log);

/*
 * One line about the peer of this identity, "": who has not proved any, all of them together. With
 * log NULL it is always logged.
 */
/* The same with a text of this kind that is made already. kind outlives log. */
void peer_log_text(struct peer_log *log, enum log_level level, const char *who, const char *kind,
		   const char *text);
__attribute__((format(printf, 4, 5))) void peer_log_line(struct peer_log *log, enum log_level level,
							 const char *who, const char *format, ...);
