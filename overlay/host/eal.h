/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * DPDK's environment, with covey's choices: no hugepages needed (used when there are free ones), no
 * PCI scan unless a port is a PCI device, one control thread, and a worker for each core.
 */

#include <covey/error.h>
#include <stdbool.h>

/*
 * name: makes the instance unique on this machine (several may run). cores: a list like "2,4-7": a
 * worker is pinned to each, PORT_QUEUES_MAX at the most; NULL: one worker, which floats like all
 * threads over the CPUs that this process may use.
 */
int eal_open(const char *name, const char *cores, bool pci, struct covey_error *error);
void eal_close(void);
