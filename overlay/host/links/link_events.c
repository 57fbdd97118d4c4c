/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_events.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUP(number) (UINT32_C(1) << ((number)-1))

static int open_groups(uint32_t groups, const char *what, struct covey_error *error)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int status;

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	status = covey_error_set(error, -errno, "cannot watch %s: %s", what, strerror(errno));
	if (fd >= 0)
		close(fd);
	return status;
}

int link_events_open(struct covey_error *error)
{
	return open_groups(GROUP(RTNLGRP_LINK), "network interfaces", error);
}

int link_events_open_routes(struct covey_error *error)
{
	return open_groups(GROUP(RTNLGRP_IPV4_ROUTE) | GROUP(RTNLGRP_IPV6_ROUTE) |
				   GROUP(RTNLGRP_IPV4_RULE) | GROUP(RTNLGRP_IPV6_RULE) |
				   GROUP(RTNLGRP_NEXTHOP),
			   "routes", error);
}

void link_events_drain(int fd)
{
	char message[8192];

	while (recv(fd, message, sizeof(message), MSG_DONTWAIT) >= 0 || errno == ENOBUFS ||
	       errno == EINTR)
		;
}
