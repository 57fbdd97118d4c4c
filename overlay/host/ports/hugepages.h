/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Hugepages of 2 MiB that nobody else relies on.
 */

#include <covey/error.h>

/* Where the kernel counts them. */
#define HUGEPAGES_SYSFS "/sys/kernel/mm/hugepages/hugepages-2048kB"

/* MiB of hugepages that are free and not reserved for a mapping that has yet to touch them. */
unsigned long hugepages_free_mib(const char *sysfs);

/*
 * When several covey-hosts start at once, only one at a time counts hugepages and takes them. Waits
 * a while for the others. Returns a descriptor, to be closed when the hugepages are taken, or a
 * negative errno.
 */
int hugepages_lock(struct covey_error *error);
