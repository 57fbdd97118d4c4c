/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Hugepages of 2 MiB that nobody else counts on.
 */

#include <covey/error.h>

/* Where the kernel counts them. */
#define HUGEPAGES_SYSFS "/sys/kernel/mm/hugepages/hugepages-2048kB"

/* MiB that are free and not promised to a mapping that has not touched them yet. */
unsigned long hugepages_free_mib(const char *sysfs);

/*
 * Of several covey-hosts that start at once, one counts and takes them at a time. Waits a while for
 * the others. Returns a descriptor to close when they are taken, or a negative errno.
 */
int hugepages_lock(struct covey_error *error);
