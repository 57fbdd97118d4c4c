/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_switch.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>

/* Frees change. */
static int apply(unsigned index, struct rtnl_link *change, struct covey_error *error)
{
	struct rtnl_link *which = rtnl_link_alloc();
	struct nl_sock *socket = nl_socket_alloc();
	int status = which && change && socket ? nl_connect(socket, NETLINK_ROUTE) : -NLE_NOMEM;

	if (!status) {
		rtnl_link_set_ifindex(which, (int)index);
		status = rtnl_link_change(socket, which, change, 0);
	}
	rtnl_link_put(which);
	rtnl_link_put(change);
	nl_socket_free(socket);
	if (!status)
		return 0;
	return covey_error_set(error,
			       status == -NLE_NODEV || status == -NLE_OBJ_NOTFOUND ? -ENODEV : -EIO,
			       "interface %u: %s", index, nl_geterror(status));
}

int link_switch(unsigned index, bool up, struct covey_error *error)
{
	struct rtnl_link *change = rtnl_link_alloc();

	if (change && up)
		rtnl_link_set_flags(change, IFF_UP);
	else if (change)
		rtnl_link_unset_flags(change, IFF_UP);
	return apply(index, change, error);
}

int link_switch_down(unsigned index, uint16_t mtu, struct covey_error *error)
{
	struct rtnl_link *change = rtnl_link_alloc();

	if (change) {
		rtnl_link_set_mtu(change, mtu);
		rtnl_link_unset_flags(change, IFF_UP);
	}
	return apply(index, change, error);
}

int link_set_carrier(unsigned index, bool on, struct covey_error *error)
{
	struct rtnl_link *change = rtnl_link_alloc();

	if (change)
		rtnl_link_set_carrier(change, on);
	return apply(index, change, error);
}
