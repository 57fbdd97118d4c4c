/* SPDX-License-Identifier: BSD-3-Clause */

#include "uplinks.h"

#include <inventory.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string.h>

#include "link.h"
#include "link_name.h"

/* Of Linux 4.13: the answer is the route itself with all of its next hops, and of the own address
 * the interface that has it, not lo. */
#ifndef RTM_F_FIB_MATCH
#define RTM_F_FIB_MATCH 0x2000
#endif

struct found {
	const struct uplinks_wanted *wanted;
	struct uplink *list;
	size_t count;
};

static bool has(const struct found *found, unsigned index)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].index == index)
			return true;
	return false;
}

static void take(struct found *found, unsigned index)
{
	struct uplink *uplink = &found->list[found->count];

	if (has(found, index) || found->count == COVEY_UPLINKS_MAX ||
	    !if_indextoname(index, uplink->name))
		return;
	uplink->index = index;
	found->count++;
}

static void take_named(struct found *found, const char *name)
{
	char own[IFNAMSIZ];
	unsigned index = link_name_resolve(name, own) ? 0 : if_nametoindex(own);

	if (index)
		take(found, index);
}

/* --- by routes ------------------------------------------------------------------------------- */

/* Neither lo nor what a covey-host has made. */
static bool may_lead_out(const struct found *found, unsigned index)
{
	struct link_info link;
	char name[IFNAMSIZ];

	return if_indextoname(index, name) && strcmp(name, "lo") != 0 &&
	       strcmp(name, found->wanted->host_interface) != 0 &&
	       link_get(name, &link, NULL) == 0 && link.group != LINK_GROUP_COVEY;
}

static void take_next_hop(struct rtnl_nexthop *hop, void *arg)
{
	unsigned index = (unsigned)rtnl_route_nh_get_ifindex(hop);

	if (index && !has(arg, index) && may_lead_out(arg, index))
		take(arg, index);
}

static int on_route(struct nl_msg *message, void *arg)
{
	struct rtnl_route *route;

	if (nlmsg_hdr(message)->nlmsg_type != RTM_NEWROUTE ||
	    rtnl_route_parse(nlmsg_hdr(message), &route))
		return NL_OK;
	rtnl_route_foreach_nexthop(route, take_next_hop, arg);
	rtnl_route_put(route);
	return NL_OK;
}

/* Where there is no route, there is nothing to take. */
static int ask(struct nl_sock *socket, const struct covey_addr *vtep)
{
	int len = vtep->family == AF_INET ? 4 : 16;
	struct rtmsg route = {
		.rtm_family = vtep->family,
		.rtm_dst_len = (uint8_t)(len * 8),
		.rtm_flags = RTM_F_FIB_MATCH,
	};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST);
	int status =
		message ? nlmsg_append(message, &route, sizeof(route), NLMSG_ALIGNTO) : -NLE_NOMEM;

	if (status == 0)
		status = nla_put(message, RTA_DST, len, vtep->bytes);
	if (status == 0)
		status = nl_send_auto(socket, message);
	nlmsg_free(message);
	return status < 0 ? status : nl_recvmsgs_default(socket);
}

static void take_by_routes(struct found *found)
{
	struct nl_sock *socket = nl_socket_alloc();

	if (!socket)
		return;
	nl_socket_disable_seq_check(socket);
	nl_socket_disable_auto_ack(socket);
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_route, found);
	if (nl_connect(socket, NETLINK_ROUTE) == 0)
		for (size_t i = 0; i < found->wanted->host_count; i++)
			if (found->wanted->hosts[i].vtep.family != 0)
				ask(socket, &found->wanted->hosts[i].vtep);
	nl_socket_free(socket);
}

struct uplinks_wanted uplinks_wanted_of(const struct inventory *inventory,
					const struct inventory_host *self)
{
	bool listed = self->fabric_port == FABRIC_PORT_KERNEL;

	return (struct uplinks_wanted){
		.given = listed ? self->uplinks : &self->fabric_interface,
		.given_count = listed ? self->uplink_count : self->fabric_interface != NULL,
		.by_routes = listed && self->uplink_count == 0,
		.hosts = inventory->hosts,
		.host_count = inventory->host_count,
		.host_interface = self->host_interface,
	};
}

size_t uplinks_find(const struct uplinks_wanted *wanted,
		    struct uplink ret_uplinks[COVEY_UPLINKS_MAX])
{
	struct found found = {.wanted = wanted, .list = ret_uplinks};

	for (size_t i = 0; i < wanted->given_count; i++)
		take_named(&found, wanted->given[i]);
	if (wanted->by_routes)
		take_by_routes(&found);
	return found.count;
}
