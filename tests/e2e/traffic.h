/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the command line of `traffic` says, for its two halves.
 */

#include <stdint.h>
#include <sys/socket.h>

#include "frame.h"

struct traffic {
	const char *output;              /* report file */
	struct sockaddr_storage address; /* destination, or the group to receive from */
	socklen_t address_len;           /* 0: none */
	uint16_t port;
	unsigned interface; /* index, for multicast; 0: the kernel's choice */
	uint64_t count;     /* frames; 0: until SIGTERM */
	uint64_t rate;      /* frames per second */
	uint32_t size;      /* bytes of UDP payload */
	uint32_t stream;
	int tos; /* DSCP and ECN of the frames sent */
	int family;
	uint8_t canary[FRAME_CANARY];
	int signals; /* signalfd: SIGTERM and SIGINT end, SIGUSR1 writes the report */
};

/* Both return 0 or negative errno, having said on stderr what failed. */
int send_frames(const struct traffic *traffic);
int receive_frames(const struct traffic *traffic);

/* What came by the signalfd: 0 when nothing did. */
int traffic_signal(const struct traffic *traffic);
uint64_t traffic_now_ns(void);
