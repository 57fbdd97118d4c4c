/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How an idle worker sleeps until a packet comes. Kernel-backed drivers (AF_XDP, AF_PACKET, TAP)
 * poll sockets that poll(2) could wait for, but 22.11 gives no interrupt for them and hides the
 * descriptors. So the descriptors that appear while a port is opened are found by their kind.
 */

#include <stddef.h>

struct port;

#define WAIT_FD_MAX 1024

/* The descriptors that were open before a port was. */
struct wait_fds_before {
	unsigned char open[WAIT_FD_MAX / 8];
};

void wait_fds_begin(struct wait_fds_before *before);
/* Store at most max descriptors that are new since then and deliver packets; return how many. */
unsigned wait_fds_end(const struct wait_fds_before *before, int *ret_fds, unsigned max);

/*
 * Sleep until one of the two ports has packets, at most timeout_ms. A port without descriptors
 * bounds the sleep to its polling interval instead, which grows with `empty`, the count of sleeps
 * since the last packet.
 */
void wait_for_packets(const struct port *a, const struct port *b, unsigned empty, int timeout_ms);
