/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* An ipsec-secgw that somebody else built, as it is, with two TAP ports in a network of its own. */

#include "bench_dataplane.h"
#include <sys/types.h>

/* Where plaintext goes in and comes out, and where ESP does: interfaces in our network. */
#define SECGW_PLAIN_PORT "gwplain"
#define SECGW_ESP_PORT   "gwesp"

struct secgw_process {
	pid_t pid;
	int output; /* what it says */
};

/*
 * Move the calling thread into a network namespace of its own, start the program there on the given
 * CPU, and wait until its ports are up. Complains about what the program says when it ends.
 */
int secgw_start(const char *path, const struct bench_shape *shape, int cpu,
		struct secgw_process *ret_process, struct covey_error *error);
/* NULL-safe, and harmless twice. */
void secgw_stop(struct secgw_process *process);

/* Packets that have come out of a port so far; 0 when there is no such port. */
uint64_t secgw_packets(const char *port);
