/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How many lines a peer can write into the log: LOG_LIMIT_BURST of each kind in
 * LOG_LIMIT_INTERVAL_MS. What is more is counted, and the count is said with the last of them when
 * the interval is over: no alarm is lost, only its repetitions are. Who goes on so has one such
 * line in each interval.
 *
 * A kind is a line's format. Pure; times are milliseconds of any clock that only moves forward.
 */

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

#define LOG_LIMIT_BURST       5u
#define LOG_LIMIT_INTERVAL_MS UINT64_C(10000)
#define LOG_LIMIT_TEXT_MAX    768u /* of a line that is repeated; room for the count is left */

struct log_limit;

/* NULL: no memory. */
struct log_limit *log_limit_new(void);
void log_limit_free(struct log_limit *limit);

/*
 * May this line be logged? Else it is counted. who: the peer's identity, copied; beyond
 * COVEY_LOG_PEERS_MAX of them the rest counts together. kind outlives the limit.
 */
bool log_limit_lets(struct log_limit *limit, enum log_level level, const char *who,
		    const char *kind, const char *text, uint64_t now_ms);

/* What was kept back of one kind of one peer. */
struct log_summary {
	enum log_level level;
	const char *text; /* the last of them */
	uint64_t count;
	uint64_t during_ms;
};

/* Hand over the summaries of intervals that are over by now_ms; UINT64_MAX: all. */
void log_limit_summarise(struct log_limit *limit, uint64_t now_ms,
			 void (*each)(const struct log_summary *summary, void *arg), void *arg);

/* Peers and kinds that are remembered. 0: there is nothing to summarise. */
unsigned log_limit_count(const struct log_limit *limit);
