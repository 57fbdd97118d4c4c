/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Features of a network interface (offloads) by the kernel's names for them, which `ethtool -k`
 * prints and `ethtool -K` takes.
 */

#include <stdbool.h>

struct features;

/* Read the features of the interface. 0 or a negative errno. */
int features_read(const char *interface, struct features **ret_features);
/* NULL-safe. */
void features_free(struct features *features);

/* True if the feature was on when they were read. A feature that this kernel does not know is
 * off. */
bool features_are_on(const struct features *features, const char *name);

/* Switch a feature on or off. -EOPNOTSUPP when the interface cannot. */
int features_set(const struct features *features, const char *interface, const char *name, bool on);
