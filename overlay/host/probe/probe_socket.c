/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_socket.h"

#include <errno.h>
#include <unistd.h>

/* What the kernel's VXLAN devices have by default. */
#define MULTICAST_TTL 1

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int set_v4(int fd, const struct probe_socket_wish *wish)
{
	const struct ip_mreqn out = {.imr_ifindex = (int)wish->interface};

	if (set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE) < 0 ||
	    set(fd, IPPROTO_IP, IP_TOS, wish->dscp << 2) < 0 ||
	    set(fd, SOL_SOCKET, SO_NO_CHECK, 1) < 0)
		return -errno;
	if (covey_addr_is_multicast(&wish->to) &&
	    (set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0) < 0 ||
	     set(fd, IPPROTO_IP, IP_MULTICAST_TTL, MULTICAST_TTL) < 0 ||
	     setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) < 0))
		return -errno;
	return 0;
}

static int set_v6(int fd, const struct probe_socket_wish *wish)
{
	if (set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) < 0 ||
	    set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1) < 0 ||
	    set(fd, IPPROTO_IPV6, IPV6_TCLASS, wish->dscp << 2) < 0)
		return -errno;
	if (covey_addr_is_multicast(&wish->to) &&
	    (set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) < 0 ||
	     set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, MULTICAST_TTL) < 0 ||
	     set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)wish->interface) < 0))
		return -errno;
	return 0;
}

static int prepare(int fd, const struct probe_socket_wish *wish)
{
	struct sockaddr_storage address;
	socklen_t len;
	int status = wish->own.family == AF_INET6 ? set_v6(fd, wish) : set_v4(fd, wish);

	if (status)
		return status;
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &wish->mark, sizeof(wish->mark)) < 0)
		return -errno;
	len = covey_addr_to_socket(&wish->own, wish->source_port, &address);
	if (bind(fd, (struct sockaddr *)&address, len) < 0)
		return -errno;
	len = covey_addr_to_socket(&wish->to, wish->to_port, &address);
	return connect(fd, (struct sockaddr *)&address, len) < 0 ? -errno : 0;
}

int probe_socket_open(const struct probe_socket_wish *wish, int *ret_fd, struct covey_error *error)
{
	int fd = socket(wish->own.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int status = fd < 0 ? -errno : prepare(fd, wish);
	char to[COVEY_ADDR_STRLEN];

	if (status == 0) {
		*ret_fd = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	return covey_error_set(error, status, "cannot send probes to %s: %s",
			       covey_addr_format(&wish->to, to), strerror(-status));
}
