/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The packets of a self-test (self_test.h). */

#include "port.h"
#include "self_test.h"

/* Copies of a burst, as it is to come out. */
struct self_test_burst {
	uint64_t random;  /* what the next one is made from */
	uint32_t compare; /* bytes at a packet's beginning that the receiver makes itself */
	unsigned count;
	uint32_t lens[PORT_BURST_MAX];
	uint8_t *bytes[PORT_BURST_MAX]; /* room for a frame of the MTU, with Ethernet and tags */
};

/* Make the next burst. */
void self_test_make_datagrams(const struct self_test *test, struct self_test_burst *burst);
void self_test_make_segments(const struct self_test *test, struct self_test_burst *burst);
