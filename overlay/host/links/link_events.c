/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_events.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int link_events_open(struct covey_error *error)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int status;

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	status = covey_error_set(error, -errno, "cannot watch network interfaces: %s",
				 strerror(errno));
	if (fd >= 0)
		close(fd);
	return status;
}

void link_events_drain(int fd)
{
	char message[8192];

	while (recv(fd, message, sizeof(message), MSG_DONTWAIT) >= 0 || errno == ENOBUFS ||
	       errno == EINTR)
		;
}
