/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Finds a packet in the pcap file that the recorder wrote.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define CAPTURE_FRAME_MAX 2048

struct capture_filter {
	uint8_t from[16], to[16]; /* addresses, or all zero: any */
	bool first;               /* take the first that matches instead of the last */
	int cast;                 /* 0 unicast, 1 multicast, -1 any */
	uint64_t packets_min;     /* sent in its window, itself included */
};

struct captured {
	uint8_t frame[CAPTURE_FRAME_MAX];
	size_t len; /* without padding behind the IP packet */
	struct wire_packet packet;
};

/* 0, or -ENOENT when no VPE packet matches, or another negative errno. */
int capture_find(const char *path, const struct capture_filter *filter,
		 struct captured *ret_captured);
