/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What both daemons say of themselves.
 */

#include "metrics_page.h"

struct crl_watch;
struct own_watch;

/* Version, and when the program's certificates and revocation lists end. lists: NULL when it has
 * none. */
void metrics_add_common(struct metrics_page *page, const char *program, const struct own_watch *own,
			const struct crl_watch *lists);
/* Of a group, each word in a label of that name: 1 for the one that is true, 0 for the others. */
void metrics_add_states(struct metrics_page *page, const char *group, const char *name,
			const char *const *words, size_t count, const char *word);

/* For metrics_config.told: log it. */
void metrics_log_told(const char *place, const char *why, void *arg);
