/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Limits how many lines a peer can write to the log: LOG_LIMIT_BURST of each kind in
 * LOG_LIMIT_INTERVAL_MS. Further lines are counted. When the interval is over, the count is logged
 * with the last of these lines. So no alarm is lost, only its repetitions. A peer that continues
 * causes one such line in each interval.
 *
 * A kind is a line's format string. Pure; times are milliseconds of any clock that never goes back.
 */

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

#define LOG_LIMIT_BURST       5u
#define LOG_LIMIT_INTERVAL_MS UINT64_C(10000)
#define LOG_LIMIT_TEXT_MAX    768u /* of a line that is repeated; leaves room for the count */

struct log_limit;

/* NULL when there is no memory. */
struct log_limit *log_limit_new(void);
void log_limit_free(struct log_limit *limit);

/*
 * May this line be logged? If not, it is counted. who: the peer's identity, which is copied. Peers
 * beyond COVEY_LOG_PEERS_MAX are counted together. kind must outlive the limit.
 */
bool log_limit_lets(struct log_limit *limit, enum log_level level, const char *who,
		    const char *kind, const char *text, uint64_t now_ms);

/* Lines of one kind from one peer that were kept back. */
struct log_summary {
	enum log_level level;
	const char *text; /* the last one of them */
	uint64_t count;
	uint64_t during_ms;
};

/* Hand over the summaries of intervals that are over at now_ms; UINT64_MAX: of all intervals. */
void log_limit_summarise(struct log_limit *limit, uint64_t now_ms,
			 void (*each)(const struct log_summary *summary, void *arg), void *arg);

/* How many pairs of a peer and a kind are remembered. 0: there is nothing to summarise. */
unsigned log_limit_count(const struct log_limit *limit);
