/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Host patterns: hv[1:3], hv[01:10:2]-[a:c], and a port behind a colon, as Ansible expands them
 * (its inventory guide, "Adding ranges of hosts").
 */

#include <stddef.h>

/*
 * Expand a pattern: fn is called for each name, until it returns other than 0. Returns 0, what fn
 * returned, or -EINVAL with *ret_reason telling what is wrong with the pattern (a constant text);
 * fn may have been called before that is found.
 */
int host_range_expand(const char *pattern, int (*fn)(const char *name, void *arg), void *arg,
		      const char **ret_reason);
