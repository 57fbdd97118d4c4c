/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How an idle worker sleeps until a packet comes. Kernel-backed drivers (AF_XDP, AF_PACKET, TAP)
 * poll sockets that poll(2) could wait for, but 22.11 gives no interrupt for them and hides the
 * descriptors. So the descriptors that appear while a port is opened are found by their kind.
 */

#include <poll.h>
#include <stdbool.h>

#define WAIT_FD_MAX 1024
/* What one worker can wait for: all queues of both ports, and the descriptor by which other workers
 * wake it. */
#define WAITS_MAX 129

/* The descriptors that were open before a port was. */
struct wait_fds_before {
	unsigned char open[WAIT_FD_MAX / 8];
};

void wait_fds_begin(struct wait_fds_before *before);
/* Store at most max descriptors that are new since then and deliver packets, lowest first; return
 * how many. */
unsigned wait_fds_end(const struct wait_fds_before *before, int *ret_fds, unsigned max);

/* What one worker sleeps on. */
struct waits {
	struct pollfd fds[WAITS_MAX];
	unsigned count;
	bool complete; /* each queue has a descriptor */
};

/* Add a descriptor; -1, for a queue that has none, makes it incomplete. */
void waits_add(struct waits *waits, int fd);

/*
 * Sleep until one of them is readable, at most timeout_ms. Queues without descriptors bound the
 * sleep to their polling interval instead, which grows with `empty`, the count of sleeps since the
 * last packet.
 */
void wait_for_packets(struct waits *waits, unsigned empty, int timeout_ms);
