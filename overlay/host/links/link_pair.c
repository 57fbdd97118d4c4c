/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_pair.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <stdio.h>
#include <string.h>

#include "link.h"
#include "link_tap.h"

#define TRIES 8

/* --- netlink --------------------------------------------------------------------------------- */

static struct nl_sock *open_netlink(void)
{
	struct nl_sock *socket = nl_socket_alloc();

	if (socket && nl_connect(socket, NETLINK_ROUTE) == 0)
		return socket;
	nl_socket_free(socket);
	return NULL;
}

static int add_to_kernel(struct nl_sock *socket, const char *name, const char *peer, unsigned index)
{
	struct rtnl_link *pair = rtnl_link_veth_alloc(), *other;
	int status;

	if (!pair)
		return -NLE_NOMEM;
	rtnl_link_set_name(pair, name);
	rtnl_link_set_ifindex(pair, (int)index);
	other = rtnl_link_veth_get_peer(pair);
	rtnl_link_set_name(other, peer);
	rtnl_link_put(other);
	status = rtnl_link_add(socket, pair, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(pair);
	return status;
}

static int delete_from_kernel(struct nl_sock *socket, unsigned index)
{
	struct rtnl_link *link = rtnl_link_alloc();
	int status = link ? 0 : -NLE_NOMEM;

	if (link) {
		rtnl_link_set_ifindex(link, (int)index);
		status = rtnl_link_delete(socket, link);
	}
	rtnl_link_put(link);
	return status;
}

static int remove_interface(const char *name, struct covey_error *error)
{
	struct nl_sock *socket = open_netlink();
	int status = socket ? delete_from_kernel(socket, if_nametoindex(name)) : -NLE_NOMEM;

	nl_socket_free(socket);
	if (status)
		return covey_error_set(error, -EIO,
				       "interface %s of an earlier run cannot be removed: %s", name,
				       nl_geterror(status));
	return 0;
}

/* --------------------------------------------------------------------------------------------- */

/* The pair of a bump in the wire has indices that the kernel has chosen. It may have addresses and
 * VXLAN devices, and is not touched. */
static bool is_ours(const char *name)
{
	struct link_info info;

	return link_get(name, &info, NULL) == 0 && strcmp(info.kind, "veth") == 0 &&
	       info.index >= LINK_RANDOM_INDEX_MIN;
}

/* What the kernel says of the other end: its index, in the namespace that it is in. */
static unsigned other_end(const char *name)
{
	char path[64 + IFNAMSIZ];
	unsigned index = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/iflink", name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%u", &index) != 1)
		index = 0;
	fclose(file);
	return index;
}

static bool are_a_pair(const char *name, const char *peer)
{
	unsigned index = if_nametoindex(name), other = if_nametoindex(peer);

	return index && other && other_end(name) == other && other_end(peer) == index;
}

static int add(const char *name, const char *peer, struct covey_error *error)
{
	struct nl_sock *socket = open_netlink();
	int status = socket ? -NLE_EXIST : -NLE_NOMEM;

	/* The index may be taken, too. */
	for (int i = 0; status == -NLE_EXIST && i < TRIES && if_nametoindex(peer) == 0; i++)
		status = add_to_kernel(socket, name, peer, link_random_index());
	nl_socket_free(socket);
	if (status)
		return covey_error_set(error, status == -NLE_EXIST ? -EEXIST : -EIO,
				       "cannot make the veth pair %s, %s: %s", name, peer,
				       status == -NLE_EXIST
					       ? "the second name belongs to another interface, "
						 "which has to be renamed or deleted"
					       : nl_geterror(status));
	return 0;
}

int link_pair_make(const char *name, const char *peer, struct covey_error *error)
{
	int status;

	if (is_ours(name) && are_a_pair(name, peer))
		return 0;
	if (if_nametoindex(name)) {
		/* The other end of a pair of covey's may be gone to another place. */
		if (!is_ours(name) && !link_tap_is_ours(name))
			return covey_error_set(error, -EEXIST,
					       "interface %s exists and is not what covey makes "
					       "for covey_fabric_port: kernel: rename or delete it "
					       "(`ip link delete %s`), or set covey_host_interface",
					       name, name);
		status = remove_interface(name, error);
		if (status)
			return status;
	}
	return add(name, peer, error);
}

int link_pair_remove(const char *name, struct covey_error *error)
{
	return is_ours(name) ? remove_interface(name, error) : 0;
}
