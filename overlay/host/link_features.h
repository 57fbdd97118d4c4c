/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Features of a network interface (offloads) by the kernel's names for them, which `ethtool -k`
 * prints and `ethtool -K` takes.
 */

#include <stdbool.h>

struct features;

/* What the interface has. 0 or a negative errno. */
int features_read(const char *interface, struct features **ret_features);
/* NULL-safe. */
void features_free(struct features *features);

/* Is it on, as it was when they were read? A feature that this kernel does not know is off. */
bool features_are_on(const struct features *features, const char *name);

/* Have it on or off. -EOPNOTSUPP when the interface cannot. */
int features_set(const struct features *features, const char *interface, const char *name, bool on);
