/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_space.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"

int link_space_new(struct covey_error *error)
{
	int fd;

	if (unshare(CLONE_NEWNET) != 0)
		return covey_error_set(error, -errno,
				       "no network namespace of its own: %s (it needs "
				       "CAP_SYS_ADMIN, and RestrictNamespaces=net in the unit)",
				       strerror(errno));
	fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return covey_error_set(error, -errno, "/proc/thread-self/ns/net: %s",
				       strerror(errno));
	return fd;
}

int link_space_enter(int space, struct covey_error *error)
{
	if (setns(space, CLONE_NEWNET) == 0)
		return 0;
	return covey_error_set(error, -errno, "a network namespace cannot be entered: %s",
			       strerror(errno));
}

/* --- netlink --------------------------------------------------------------------------------- */

static int add_veth(struct nl_sock *socket, const char *name, const char *peer, int space)
{
	struct rtnl_link *pair = rtnl_link_veth_alloc(), *other;
	int status;

	if (!pair)
		return -NLE_NOMEM;
	rtnl_link_set_name(pair, name);
	other = rtnl_link_veth_get_peer(pair);
	rtnl_link_set_name(other, peer);
	rtnl_link_set_ns_fd(other, space);
	rtnl_link_put(other);
	status = rtnl_link_add(socket, pair, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(pair);
	return status;
}

static int add_address(struct nl_sock *socket, unsigned index, const struct covey_addr *address,
		       unsigned prefix)
{
	struct rtnl_addr *addition = rtnl_addr_alloc();
	struct nl_addr *local =
		nl_addr_build(address->family, address->bytes, covey_addr_len(address));
	int status = addition && local ? 0 : -NLE_NOMEM;

	if (status == 0) {
		nl_addr_set_prefixlen(local, (int)prefix);
		rtnl_addr_set_ifindex(addition, (int)index);
		/* Nobody else can have it, and nobody waits. */
		if (address->family == AF_INET6)
			rtnl_addr_set_flags(addition, IFA_F_NODAD);
		status = rtnl_addr_set_local(addition, local);
	}
	if (status == 0)
		status = rtnl_addr_add(socket, addition, 0);
	nl_addr_put(local);
	rtnl_addr_put(addition);
	return status;
}

static struct nl_sock *open_netlink(void)
{
	struct nl_sock *socket = nl_socket_alloc();

	if (socket && nl_connect(socket, NETLINK_ROUTE) == 0)
		return socket;
	nl_socket_free(socket);
	return NULL;
}

int link_space_add_veth(const char *name, const char *peer, int space, struct covey_error *error)
{
	struct nl_sock *socket = open_netlink();
	int status = socket ? add_veth(socket, name, peer, space) : -NLE_NOMEM;

	nl_socket_free(socket);
	if (status)
		return covey_error_set(error, -EIO, "cannot make veth pair %s, %s: %s", name, peer,
				       nl_geterror(status));
	return 0;
}

int link_add_address(const char *name, const struct covey_addr *address, unsigned prefix,
		     struct covey_error *error)
{
	struct nl_sock *socket = open_netlink();
	int status =
		socket ? add_address(socket, if_nametoindex(name), address, prefix) : -NLE_NOMEM;

	nl_socket_free(socket);
	if (status)
		return covey_error_set(error, -EIO, "%s cannot have an address: %s", name,
				       nl_geterror(status));
	return 0;
}

/* --- bridge ---------------------------------------------------------------------------------- */

static int add_ports(int fd, const char *name, const char *const *ports, unsigned count)
{
	struct ifreq request = {0};

	if (ioctl(fd, SIOCBRADDBR, name) != 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	for (unsigned i = 0; i < count; i++) {
		request.ifr_ifindex = (int)if_nametoindex(ports[i]);
		if (ioctl(fd, SIOCBRADDIF, &request) != 0)
			return -errno;
	}
	return 0;
}

int link_add_bridge(const char *name, const char *const *ports, unsigned count,
		    struct covey_error *error)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status = fd < 0 ? -errno : add_ports(fd, name, ports, count);

	if (fd >= 0)
		close(fd);
	if (status)
		return covey_error_set(error, status, "no bridge can be made: %s",
				       strerror(-status));
	link_silence(name);
	return link_set_up(name, NULL, 0, false, error);
}
