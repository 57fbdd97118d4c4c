/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The log for lines that a peer can cause, or the network, as by routes that flap. No peer can fill
 * it (log_limit.h). A line that only the daemon itself causes goes to log.h.
 */

#include <event2/event.h>

#include "log.h"

struct peer_log;

/* NULL when there is no memory. */
struct peer_log *peer_log_new(struct event_base *base);
/* Logs what was kept back. NULL-safe. */
void peer_log_free(struct peer_log *log);

/*
 * Log one line about the peer with this identity. "" stands for all peers that have not proved any.
 * If log is NULL, the line is always logged.
 */
/* The same with a finished text of this kind. kind must outlive log. */
void peer_log_text(struct peer_log *log, enum log_level level, const char *who, const char *kind,
		   const char *text);
__attribute__((format(printf, 4, 5))) void peer_log_line(struct peer_log *log, enum log_level level,
							 const char *who, const char *format, ...);
