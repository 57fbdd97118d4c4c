/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What both daemons log about their revocation lists. Used in crl_watch's callbacks, and after
 * crl_watch_new().
 */

#include <covey/error.h>
#include <stdbool.h>

#include "log.h"

struct crl_watch;

/*
 * All is well. changed: log which lists are in force. If a list should have been replaced by now,
 * this is logged each time, at the level late and with advice for whoever reads this log. That it
 * ends soon is logged 30, 7 and 1 days before, and the first time.
 */
void crl_log_loaded(struct crl_watch *watch, bool changed, enum log_level late, const char *hint);
/* The new lists are not good. The earlier ones stay in force. */
void crl_log_failed(const struct crl_watch *watch, const struct covey_error *error);
