/* SPDX-License-Identifier: BSD-3-Clause */
#include "socket_buffer.h"
#include <linux/sock_diag.h>
#include <sys/socket.h>

#define BYTES (8 << 20)

/* The kernel lets a program with CAP_NET_ADMIN have larger buffers than the system's limit. Without
 * it, there is what the limit allows. */
static void set(int fd, int forced, int plain)
{
	const int size = BYTES;

	if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
}

void socket_buffer_receive(int fd)
{
	set(fd, SO_RCVBUFFORCE, SO_RCVBUF);
}

void socket_buffer_send(int fd)
{
	set(fd, SO_SNDBUFFORCE, SO_SNDBUF);
}

uint64_t socket_buffer_missed(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) != 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}
