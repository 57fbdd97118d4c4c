/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The CPUs of covey_cores.
 */

#include <covey/error.h>
#include <sched.h>

/* Where the kernel tells of CPUs. */
#define CORES_SYSFS "/sys/devices/system/cpu"

/* Of a list like "2,4-7", which the inventory's reader has checked. */
void cores_read(const char *text, cpu_set_t *ret_set);

/*
 * Whether a thread of this process can run on each of them. -ENODEV names the first where it
 * cannot, and why: absent, offline, or not allowed. host: whose covey_cores they are.
 */
int cores_check(const char *text, const char *host, struct covey_error *error);

/* Why no thread can run on it, as sysfs (CORES_SYSFS) tells. Returns -ENODEV. */
int cores_explain(const char *sysfs, int cpu, const char *host, struct covey_error *error);
