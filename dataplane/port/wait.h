/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How a worker without packets sleeps until one comes. Drivers on kernel sockets (AF_XDP,
 * AF_PACKET, TAP) use sockets that poll(2) could wait for. But DPDK 22.11 offers no interrupt for
 * them and does not tell their descriptors. So this looks for descriptors that appear while a port
 * is opened, and knows them by their kind.
 */

#include <poll.h>
#include <stdbool.h>

#define WAIT_FD_MAX 1024
/* What one worker can wait for: all queues of both ports, and the descriptor with which other
 * workers wake it. */
#define WAITS_MAX 129

/* The descriptors that were open before a port was opened. */
struct wait_fds_before {
	unsigned char open[WAIT_FD_MAX / 8];
};

void wait_fds_begin(struct wait_fds_before *before);
/* Store at most max descriptors that are new since then and deliver packets, the lowest first.
 * Returns how many. */
unsigned wait_fds_end(const struct wait_fds_before *before, int *ret_fds, unsigned max);

/* What one worker waits for. */
struct waits {
	struct pollfd fds[WAITS_MAX]; /* revents: as last seen; 0: nothing waits there */
	unsigned count;
	bool complete; /* each queue has a descriptor */
};

/* Add a descriptor, as one that has something. -1 means that a queue has none; then waits->complete
 * becomes false, and poll(2) passes over it. */
void waits_add(struct waits *waits, int fd);

/* See which of them are readable now. */
void waits_look(struct waits *waits);

/*
 * Sleep until one of them is readable, at most timeout_ms. If some queue has no descriptor, the
 * sleep is much shorter, and grows with `empty`, the number of sleeps since the last packet.
 */
void wait_for_packets(struct waits *waits, unsigned empty, int timeout_ms);
