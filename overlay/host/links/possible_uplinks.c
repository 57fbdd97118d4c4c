/* SPDX-License-Identifier: BSD-3-Clause */

#include "possible_uplinks.h"

#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <string.h>

#include "link.h"
#include "uplinks.h"

/* Routes lead to the ports of a VRF, and to those of nothing else. */
static bool has_routes(struct nl_cache *links, struct rtnl_link *link)
{
	int index = rtnl_link_get_master(link);
	struct rtnl_link *master = index ? rtnl_link_get(links, index) : NULL;
	const char *kind = master ? rtnl_link_get_type(master) : NULL;
	bool is_vrf = kind && strcmp(kind, "vrf") == 0;

	rtnl_link_put(master);
	return index == 0 || is_vrf;
}

static uint16_t find_largest(struct nl_cache *links, const struct uplinks_wanted *wanted)
{
	uint16_t largest = 0;

	for (struct nl_object *at = nl_cache_get_first(links); at; at = nl_cache_get_next(at)) {
		struct rtnl_link *link = (struct rtnl_link *)at;
		struct link_info info;

		if (has_routes(links, link) &&
		    uplinks_may_have(wanted, (unsigned)rtnl_link_get_ifindex(link), &info) &&
		    info.up && info.mtu > largest)
			largest = info.mtu;
	}
	return largest;
}

uint16_t possible_uplinks_mtu(const struct uplinks_wanted *wanted)
{
	struct nl_sock *socket = wanted->by_routes ? nl_socket_alloc() : NULL;
	struct nl_cache *links;
	uint16_t mtu = 0;

	if (socket && nl_connect(socket, NETLINK_ROUTE) == 0 &&
	    rtnl_link_alloc_cache(socket, AF_UNSPEC, &links) == 0) {
		mtu = find_largest(links, wanted);
		nl_cache_free(links);
	}
	nl_socket_free(socket);
	return mtu;
}
