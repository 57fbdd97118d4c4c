/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A port of loopback for a server that a test starts, stops and starts again. Connections draw
 * their own ports from 32768 upwards: a port from there may be taken while the server is away.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#define FREE_PORT_FIRST 16384u
#define FREE_PORT_COUNT 16384u

/* Returns a TCP port that is free now; tests that run at the same time begin to look at different
 * ones. 0: there is none. */
static inline uint16_t free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	for (unsigned i = 0; i < FREE_PORT_COUNT; i++) {
		unsigned port = FREE_PORT_FIRST + ((unsigned)getpid() * 8 + i) % FREE_PORT_COUNT;
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status;

		address.sin_port = htons((uint16_t)port);
		status = bind(fd, (struct sockaddr *)&address, sizeof(address));
		close(fd);
		if (status == 0)
			return (uint16_t)port;
	}
	return 0;
}
