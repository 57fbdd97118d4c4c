/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What both daemons log of their revocation lists. For crl_watch's callbacks, and after
 * crl_watch_new().
 */

#include <covey/error.h>
#include <stdbool.h>

#include "log.h"

struct crl_watch;

/*
 * All is well. changed: say which lists are in force. If one should have been replaced by now, that
 * is said each time: at which level, and with what a person who reads it here is to know and do.
 */
void crl_log_loaded(const struct crl_watch *watch, bool changed, enum log_level late,
		    const char *hint);
/* They are no good; those from before stay in force. */
void crl_log_failed(const struct crl_watch *watch, const struct covey_error *error);
