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
	struct uplinks_left_out *left_out; /* NULL: nobody asks */
	unsigned hops;                     /* of the route that was asked for last */
	bool is_default;                   /* that route leads everywhere */
};

static struct uplink *find(const struct found *found, unsigned index)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].index == index)
			return &found->list[i];
	return NULL;
}

static void leave_out(struct uplinks_left_out *left_out, const struct uplink *uplink)
{
	for (size_t i = 0; i < left_out->count; i++)
		if (left_out->list[i].index == uplink->index)
			return;
	if (left_out->count == COVEY_UPLINKS_MAX)
		left_out->more = true;
	else
		left_out->list[left_out->count++] = *uplink;
}

static void take(struct found *found, const struct link_info *link)
{
	struct uplink uplink = {.index = link->index,
				.by_default = found->is_default,
				.no_ethernet = !link->ethernet,
				.tap = link->ethernet && strcmp(link->kind, "tun") == 0};

	memcpy(uplink.name, link->name, sizeof(uplink.name));
	if (link->ethernet && found->count < COVEY_UPLINKS_MAX)
		found->list[found->count++] = uplink;
	else if (found->left_out)
		leave_out(found->left_out, &uplink);
}

static void take_named(struct found *found, const char *name)
{
	char own[IFNAMSIZ];
	struct link_info link;

	if (link_name_resolve(name, own) == 0 && link_get(own, &link, NULL) == 0 &&
	    !find(found, link.index))
		take(found, &link);
}

/* --- by routes ------------------------------------------------------------------------------- */

/* What may lead to other hosts, with an Ethernet header or without. */
static bool is_way(const struct uplinks_wanted *wanted, unsigned index, struct link_info *ret_link)
{
	return link_get_index(index, ret_link, NULL) == 0 && strcmp(ret_link->name, "lo") != 0 &&
	       strcmp(ret_link->name, wanted->host_interface) != 0 &&
	       strcmp(ret_link->kind, "vxlan") != 0 && ret_link->group != LINK_GROUP_COVEY;
}

bool uplinks_may_have(const struct uplinks_wanted *wanted, unsigned index,
		      struct link_info *ret_link)
{
	return is_way(wanted, index, ret_link) && ret_link->ethernet;
}

static void take_next_hop(struct rtnl_nexthop *hop, void *arg)
{
	unsigned index = (unsigned)rtnl_route_nh_get_ifindex(hop);
	struct found *found = arg;
	struct uplink *known = find(found, index);
	struct link_info link;

	found->hops += index != 0;
	if (known)
		known->by_default &= found->is_default;
	else if (index && is_way(found->wanted, index, &link))
		take(found, &link);
}

static int on_route(struct nl_msg *message, void *arg)
{
	const struct rtmsg *header = nlmsg_data(nlmsg_hdr(message));
	struct found *found = arg;
	struct rtnl_route *route;

	if (nlmsg_hdr(message)->nlmsg_type != RTM_NEWROUTE ||
	    rtnl_route_parse(nlmsg_hdr(message), &route))
		return NL_OK;
	/* Without RTM_F_FIB_MATCH the answer is about the address alone. */
	found->is_default = header->rtm_dst_len == 0;
	rtnl_route_foreach_nexthop(route, take_next_hop, found);
	rtnl_route_put(route);
	return NL_OK;
}

/* Where there is no route, there is nothing to take. from: NULL, or the address that sends. */
static void ask(struct nl_sock *socket, const struct covey_addr *to, const struct covey_addr *from,
		uint32_t flags)
{
	int len = covey_addr_len(to);
	struct rtmsg route = {
		.rtm_family = (unsigned char)to->family,
		.rtm_dst_len = (uint8_t)(len * 8),
		.rtm_src_len = (uint8_t)(from ? len * 8 : 0),
		.rtm_flags = flags,
	};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST);

	if (message && nlmsg_append(message, &route, sizeof(route), NLMSG_ALIGNTO) == 0 &&
	    nla_put(message, RTA_DST, len, to->bytes) == 0 &&
	    (!from || nla_put(message, RTA_SRC, len, from->bytes) == 0) &&
	    nl_send_auto(socket, message) >= 0)
		nl_recvmsgs_default(socket);
	nlmsg_free(message);
}

/* A kernel may tell the id of a group of next hops alone (net.ipv4.nexthop_compat_mode 0). Then the
 * one that it would take now is better than none. */
static void take_way(struct found *found, struct nl_sock *socket, const struct covey_addr *to,
		     const struct covey_addr *from)
{
	found->hops = 0;
	ask(socket, to, from, RTM_F_FIB_MATCH);
	if (found->hops == 0)
		ask(socket, to, from, 0);
}

static void take_ways(struct found *found, struct nl_sock *socket)
{
	const struct covey_addr *own = found->wanted->own;

	for (size_t i = 0; i < found->wanted->host_count; i++) {
		const struct covey_addr *vtep = &found->wanted->hosts[i].vtep;

		if (vtep->family == 0 || found->wanted->hosts[i].gone ||
		    covey_addr_equal(vtep, own))
			continue;
		take_way(found, socket, vtep, NULL);
		take_way(found, socket, vtep, own);
	}
	if (found->count == 0 && own->family != 0)
		ask(socket, own, NULL, RTM_F_FIB_MATCH);
}

/* If all are reached by default routes, these are what packets are made for. */
static void settle_defaults(struct found *found)
{
	bool all = true;

	for (size_t i = 0; i < found->count; i++)
		all &= found->list[i].by_default;
	for (size_t i = 0; i < found->count && all; i++)
		found->list[i].by_default = false;
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
		take_ways(found, socket);
	nl_socket_free(socket);
	settle_defaults(found);
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
		.host_count = inventory->host_room,
		.own = &self->vtep,
		.host_interface = self->host_interface,
	};
}

size_t uplinks_find_all(const struct uplinks_wanted *wanted,
			struct uplink ret_uplinks[COVEY_UPLINKS_MAX],
			struct uplinks_left_out *ret_left_out)
{
	struct found found = {.wanted = wanted, .list = ret_uplinks, .left_out = ret_left_out};

	if (ret_left_out)
		*ret_left_out = (struct uplinks_left_out){.count = 0};
	for (size_t i = 0; i < wanted->given_count; i++)
		take_named(&found, wanted->given[i]);
	if (wanted->by_routes)
		take_by_routes(&found);
	return found.count;
}

size_t uplinks_find(const struct uplinks_wanted *wanted,
		    struct uplink ret_uplinks[COVEY_UPLINKS_MAX])
{
	return uplinks_find_all(wanted, ret_uplinks, NULL);
}

const struct uplink *uplinks_find_tap(const struct uplinks_wanted *wanted,
				      const struct uplink *uplinks, size_t count)
{
	const struct uplink *tap = NULL;

	for (size_t i = count; i-- > 0;) {
		if (uplinks[i].tap)
			tap = &uplinks[i];
		else if (!wanted->by_routes)
			return NULL;
	}
	return tap;
}
