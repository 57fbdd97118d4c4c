/* SPDX-License-Identifier: BSD-3-Clause */

#include "vni_device.h"

#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vxlan.h>
#include <stdio.h>

struct search {
	uint32_t vni;
	uint16_t port;
	char *name;
	bool found;
};

static void compare(struct nl_object *object, void *arg)
{
	struct rtnl_link *link = (struct rtnl_link *)object;
	struct search *search = arg;
	uint32_t vni, port;

	if (!rtnl_link_is_vxlan(link) || rtnl_link_vxlan_get_id(link, &vni) != 0 ||
	    rtnl_link_vxlan_get_port(link, &port) != 0)
		return;
	if (vni != search->vni || port != search->port)
		return;
	snprintf(search->name, IFNAMSIZ, "%s", rtnl_link_get_name(link));
	search->found = true;
}

bool vni_device(uint32_t vni, uint16_t port, char ret_name[IFNAMSIZ])
{
	struct search search = {.vni = vni, .port = port, .name = ret_name};
	struct nl_sock *socket = nl_socket_alloc();
	struct nl_cache *links;

	if (socket && nl_connect(socket, NETLINK_ROUTE) == 0 &&
	    rtnl_link_alloc_cache(socket, AF_UNSPEC, &links) == 0) {
		nl_cache_foreach(links, compare, &search);
		nl_cache_free(links);
	}
	nl_socket_free(socket);
	return search.found;
}
