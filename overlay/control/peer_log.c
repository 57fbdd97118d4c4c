/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer_log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "log_limit.h"

#define TEXT_MAX 1024

struct peer_log {
	struct log_limit *limit;
	struct event *timer;
};

static void say(const struct log_summary *summary, void *arg)
{
	log_line(summary->level, "%s: repeated %" PRIu64 " times in %" PRIu64 " s", summary->text,
		 summary->count, (summary->during_ms + 999) / 1000);
}

static void schedule(struct peer_log *log)
{
	static const struct timeval interval = {.tv_sec = LOG_LIMIT_INTERVAL_MS / 1000};

	if (log_limit_count(log->limit) && !event_pending(log->timer, EV_TIMEOUT, NULL))
		event_add(log->timer, &interval);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct peer_log *log = arg;

	log_limit_summarise(log->limit, clock_ms(), say, log);
	schedule(log);
}

struct peer_log *peer_log_new(struct event_base *base)
{
	struct peer_log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->limit = log_limit_new();
	log->timer = evtimer_new(base, on_timer, log);
	if (!log->limit || !log->timer) {
		peer_log_free(log);
		return NULL;
	}
	return log;
}

void peer_log_free(struct peer_log *log)
{
	if (!log)
		return;
	if (log->limit)
		log_limit_summarise(log->limit, UINT64_MAX, say, log);
	if (log->timer)
		event_free(log->timer);
	log_limit_free(log->limit);
	free(log);
}

void peer_log_text(struct peer_log *log, enum log_level level, const char *who, const char *kind,
		   const char *text)
{
	if (!log_takes(level))
		return;
	if (!log || log_limit_lets(log->limit, level, who, kind, text, clock_ms()))
		log_line(level, "%s", text);
	if (log)
		schedule(log);
}

void peer_log_line(struct peer_log *log, enum log_level level, const char *who, const char *format,
		   ...)
{
	char text[TEXT_MAX];
	va_list args;

	if (!log_takes(level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	peer_log_text(log, level, who, format, text);
}
