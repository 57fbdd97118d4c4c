/* SPDX-License-Identifier: BSD-3-Clause */

#include "group_joins.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_multicast(const struct covey_addr *address)
{
	return address->family == AF_INET ? (address->bytes[0] & 0xf0) == 0xe0
					  : address->bytes[0] == 0xff;
}

/* What a device that is up has joined. False: nothing. */
static bool find_join(const struct vxlan_device *device, struct group_join *ret_join)
{
	*ret_join = (struct group_join){device->remote, device->under, -1, false};
	return device->up && device->under && device->remote.family &&
	       is_multicast(&device->remote);
}

static bool is_same(const struct group_join *a, const struct group_join *b)
{
	return a->uplink == b->uplink && covey_addr_equal(&a->group, &b->group);
}

static bool is_joined(const struct group_joins *joins, const struct group_join *join)
{
	for (size_t i = 0; i < joins->count; i++) {
		if (is_same(&joins->list[i], join))
			return true;
	}
	return false;
}

static bool is_wanted(const struct vxlan_devices *devices, const struct group_join *join)
{
	struct group_join wanted;

	for (size_t i = 0; i < devices->count; i++) {
		if (find_join(&devices->list[i], &wanted) && is_same(&wanted, join))
			return true;
	}
	return false;
}

/* One socket for each group: the kernel bounds the groups of one socket. */
static int open_member(const struct covey_addr *group, unsigned interface)
{
	struct ip_mreqn v4 = {.imr_ifindex = (int)interface};
	struct ipv6_mreq v6 = {.ipv6mr_interface = interface};
	int fd = socket(group->family, SOCK_DGRAM | SOCK_CLOEXEC, 0), status;

	if (fd < 0)
		return -errno;
	memcpy(&v4.imr_multiaddr, group->bytes, sizeof(v4.imr_multiaddr));
	memcpy(&v6.ipv6mr_multiaddr, group->bytes, sizeof(v6.ipv6mr_multiaddr));
	status = group->family == AF_INET
			 ? setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof(v4))
			 : setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &v6, sizeof(v6));
	if (status == 0)
		return fd;
	status = -errno;
	close(fd);
	return status;
}

static int join(struct group_joins *joins, struct group_join *wanted, const char *device,
		struct covey_error *error)
{
	const struct group_joins_handlers *handlers = joins->handlers;
	struct group_join *list = realloc(joins->list, (joins->count + 1) * sizeof(*list));
	int status;

	if (!list)
		return covey_error_set(error, -ENOMEM, "out of memory");
	joins->list = list;
	wanted->fd = open_member(&wanted->group, joins->interface);
	if (wanted->fd < 0)
		return covey_error_set(error, wanted->fd,
				       "cannot join the group of VXLAN device %s on the host "
				       "interface: %s",
				       device, strerror(-wanted->fd));
	status = handlers->join(&wanted->group, wanted->uplink, handlers->arg, error);
	if (status) {
		close(wanted->fd);
		return status;
	}
	joins->list[joins->count++] = *wanted;
	return 0;
}

static void leave(const struct group_joins *joins, const struct group_join *join)
{
	joins->handlers->leave(&join->group, join->uplink, joins->handlers->arg);
	close(join->fd);
}

static void leave_others(struct group_joins *joins, const struct vxlan_devices *devices)
{
	size_t kept = 0;

	for (size_t i = 0; i < joins->count; i++) {
		if (is_wanted(devices, &joins->list[i]))
			joins->list[kept++] = joins->list[i];
		else
			leave(joins, &joins->list[i]);
	}
	joins->count = kept;
}

int group_joins_follow(struct group_joins *joins, const struct vxlan_devices *devices,
		       unsigned interface, struct covey_error *error)
{
	struct group_join wanted;
	int status = 0;

	if (joins->interface != interface)
		group_joins_clear(joins);
	joins->interface = interface;
	leave_others(joins, devices);
	for (size_t i = 0; i < devices->count; i++) {
		int failed = 0;

		if (find_join(&devices->list[i], &wanted) && !is_joined(joins, &wanted))
			failed = join(joins, &wanted, devices->list[i].name, error);
		status = status ? status : failed;
	}
	return status;
}

static const struct group_join *find_before(const struct group_joins *joins, size_t at)
{
	for (size_t i = at; i-- > 0;) {
		if (covey_addr_equal(&joins->list[i].group, &joins->list[at].group))
			return &joins->list[i];
	}
	return NULL;
}

const struct group_join *group_joins_next_shared(struct group_joins *joins, unsigned *ret_before)
{
	for (size_t i = 0; i < joins->count; i++) {
		struct group_join *join = &joins->list[i];
		const struct group_join *before = join->told ? NULL : find_before(joins, i);

		join->told = true;
		if (!before)
			continue;
		*ret_before = before->uplink;
		return join;
	}
	return NULL;
}

void group_joins_clear(struct group_joins *joins)
{
	for (size_t i = 0; i < joins->count; i++)
		leave(joins, &joins->list[i]);
	free(joins->list);
	joins->list = NULL;
	joins->count = 0;
}
