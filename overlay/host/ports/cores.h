/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The CPUs of covey_cores.
 */

#include <covey/error.h>
#include <sched.h>

/* Where the kernel describes CPUs. */
#define CORES_SYSFS "/sys/devices/system/cpu"

/* Read a list like "2,4-7". The inventory's reader has checked it already. */
void cores_read(const char *text, cpu_set_t *ret_set);

/*
 * Check that a thread of this process can run on each of these CPUs. -ENODEV: error names the first
 * CPU where it cannot, and says why: absent, offline, or not allowed. host: the host that has these
 * covey_cores.
 */
int cores_check(const char *text, const char *host, struct covey_error *error);

/* Say in error why no thread can run on this CPU. sysfs: where to read that (CORES_SYSFS). Returns
 * -ENODEV. */
int cores_explain(const char *sysfs, int cpu, const char *host, struct covey_error *error);
