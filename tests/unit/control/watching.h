/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What tests of files that change while a program runs share: a directory with a CA of fabric
 * "lab", certificates loaded from it, a loop, and a count of what the watch told.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <covey/error.h>
#include <event2/event.h>
#include <limits.h>
#include <stdbool.h>
#include <time.h>

#include "tls.h"

struct watching {
	char directory[PATH_MAX];
	struct event_base *base;
	struct tls *tls;
	int loaded, changed, failed;
	struct covey_error error; /* of the last failure */
};

/* A CA valid for so many days, NAME's certificate for so many seconds, both loaded. */
void watching_begin(struct watching *watching, unsigned ca_days, const char *name, long seconds);
/* To be called after the watch has ended. */
void watching_end(struct watching *watching);

/* DIRECTORY/NAME.crt and NAME.key, of which older ones are replaced; "gkm" is the key manager's. */
void watching_issue(const char *directory, const char *name, long seconds);

/* Handlers of a watch, whose argument begins with a struct watching. */
void watching_loaded(bool changed, void *arg);
void watching_failed(const struct covey_error *error, void *arg);

/* Run the loop for a moment. */
void watching_turn(const struct watching *watching);
/* When to give up a wait that begins now. */
time_t watching_patience(void);
bool watching_is_over(time_t end);

#define WAIT_FOR(watching, condition)                                                              \
	do {                                                                                       \
		time_t end = watching_patience();                                                  \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (watching_is_over(end))                                                 \
				fail_msg("waited in vain for %s", #condition);                     \
			watching_turn(watching);                                                   \
		}                                                                                  \
	} while (0)
