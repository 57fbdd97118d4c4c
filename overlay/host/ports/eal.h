/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * DPDK's environment, with covey's choices: no hugepages unless asked for, no PCI scan unless a
 * port is a PCI device, one control thread, and a worker for each core.
 */

#include <covey/error.h>
#include <stdbool.h>

struct eal_config {
	const char *name; /* makes the instance unique on this machine (several may run) */
	const char
		*cores; /* "2,4-7": a worker is pinned to each, PORT_QUEUES_MAX at the most; NULL:
			   one worker, which floats over the CPUs that this process may use */
	bool pci;       /* a port is a PCI device */
	bool hugepages; /* use them, if enough are free and not reserved for others */
};

/* ret_notice: set when hugepages were asked for and are not used, otherwise untouched. */
int eal_open(const struct eal_config *config, struct covey_error *ret_notice,
	     struct covey_error *error);
void eal_close(void);
