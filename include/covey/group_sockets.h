/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Sockets that only join multicast groups. The kernel bounds the groups of one socket
 * (net.ipv4.igmp_max_memberships, 20 by default; for IPv6 the socket's memory), and a process has
 * not many descriptors: with a socket for each of thousands of groups it would run out of them. So
 * each socket has as many groups as the kernel lets it have.
 */

#include "addr.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct group_socket {
	int fd;
	uint16_t family;
	unsigned groups;
};

/* All zero: none yet. */
struct group_sockets {
	struct group_socket *list;
	size_t count;
	unsigned room; /* with so many groups a socket is full; 0: not known yet */
};

/* option: MCAST_JOIN_GROUP or MCAST_LEAVE_GROUP. Returns 0 or a negative errno. */
static inline int group_sockets_set(int fd, int option, const struct covey_addr *group,
				    unsigned ifindex)
{
	struct group_req request = {.gr_interface = ifindex};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	int level = group->family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;

	memcpy(&v4.sin_addr, group->bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, group->bytes, sizeof(v6.sin6_addr));
	if (group->family == AF_INET6)
		memcpy(&request.gr_group, &v6, sizeof(v6));
	else
		memcpy(&request.gr_group, &v4, sizeof(v4));
	return setsockopt(fd, level, option, &request, sizeof(request)) == 0 ? 0 : -errno;
}

/* The socket that has joined the group then, or a negative errno. A socket cannot join a group on
 * one interface twice; another one can. */
static inline int group_sockets_join(struct group_sockets *sockets, const struct covey_addr *group,
				     unsigned ifindex)
{
	struct group_socket *list;
	int fd, status;

	for (size_t i = 0; i < sockets->count; i++) {
		struct group_socket *at = &sockets->list[i];

		if (at->family != group->family || (sockets->room && at->groups >= sockets->room))
			continue;
		status = group_sockets_set(at->fd, MCAST_JOIN_GROUP, group, ifindex);
		if (status == 0) {
			at->groups++;
			return at->fd;
		}
		if (status != -ENOBUFS && status != -ENOMEM && status != -EADDRINUSE)
			return status;
		if (status != -EADDRINUSE)
			sockets->room = at->groups;
	}
	list = (struct group_socket *)realloc(sockets->list,
					      (sockets->count + 1) * sizeof(*sockets->list));
	if (!list)
		return -ENOMEM;
	sockets->list = list;
	fd = socket(group->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	status = group_sockets_set(fd, MCAST_JOIN_GROUP, group, ifindex);
	if (status < 0) {
		close(fd);
		return status;
	}
	list[sockets->count++] =
		(struct group_socket){.fd = fd, .family = group->family, .groups = 1};
	return fd;
}

/* fd: as group_sockets_join() returned it. The interface may be gone. */
static inline void group_sockets_leave(struct group_sockets *sockets, int fd,
				       const struct covey_addr *group, unsigned ifindex)
{
	for (size_t i = 0; i < sockets->count; i++) {
		if (sockets->list[i].fd != fd)
			continue;
		group_sockets_set(fd, MCAST_LEAVE_GROUP, group, ifindex);
		if (--sockets->list[i].groups > 0)
			return;
		close(fd);
		sockets->list[i] = sockets->list[--sockets->count];
		return;
	}
}

/* Leaves all. */
static inline void group_sockets_clear(struct group_sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		close(sockets->list[i].fd);
	free(sockets->list);
	*sockets = (struct group_sockets){0};
}
