/* SPDX-License-Identifier: BSD-3-Clause */

#include "vni_groups.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct listing {
	struct covey_addr *list;
	size_t count;
	bool out_of_memory;
};

static bool is_listed(const struct listing *listing, const struct covey_addr *group)
{
	for (size_t i = 0; i < listing->count; i++) {
		if (covey_addr_equal(&listing->list[i], group))
			return true;
	}
	return false;
}

static void add(struct listing *listing, uint16_t family, const struct nlattr *attribute)
{
	struct covey_addr group = {.family = family};
	struct covey_addr *list;

	if (!attribute || nla_len(attribute) != covey_addr_len(&group))
		return;
	memcpy(group.bytes, nla_data(attribute), (size_t)nla_len(attribute));
	if (!covey_addr_is_multicast(&group) || is_listed(listing, &group))
		return;
	list = realloc(listing->list, (listing->count + 1) * sizeof(*list));
	if (!list) {
		listing->out_of_memory = true;
		return;
	}
	listing->list = list;
	list[listing->count++] = group;
}

/* One message has many ranges of VNIs, each with its group, if it has one. */
static int take(struct nl_msg *message, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct nlattr *range[VXLAN_VNIFILTER_ENTRY_MAX + 1], *at;
	int left;

	if (header->nlmsg_type != RTM_NEWTUNNEL)
		return NL_OK;
	nlmsg_for_each_attr(at, header, sizeof(struct tunnel_msg), left)
	{
		if (nla_type(at) != VXLAN_VNIFILTER_ENTRY ||
		    nla_parse_nested(range, VXLAN_VNIFILTER_ENTRY_MAX, at, NULL))
			continue;
		add(arg, AF_INET, range[VXLAN_VNIFILTER_ENTRY_GROUP]);
		add(arg, AF_INET6, range[VXLAN_VNIFILTER_ENTRY_GROUP6]);
	}
	return NL_OK;
}

static int dump(struct nl_sock *socket, unsigned device, struct listing *listing)
{
	const struct tunnel_msg of = {.family = PF_BRIDGE, .ifindex = device};
	int status = nl_connect(socket, NETLINK_ROUTE);

	if (status == 0)
		status = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take, listing);
	if (status == 0)
		status = nl_send_simple(socket, RTM_GETTUNNEL, NLM_F_DUMP, (void *)&of, sizeof(of));
	return status < 0 ? status : nl_recvmsgs_default(socket);
}

int vni_groups_list(unsigned device, struct covey_addr **ret_groups, size_t *ret_count,
		    struct covey_error *error)
{
	struct nl_sock *socket = nl_socket_alloc();
	struct listing listing = {.out_of_memory = false};
	int status = socket ? dump(socket, device, &listing) : -NLE_NOMEM;

	nl_socket_free(socket);
	if (status < 0 || listing.out_of_memory) {
		free(listing.list);
		return covey_error_set(
			error, -EIO,
			"cannot list the multicast groups of a VXLAN device's VNIs: %s",
			status < 0 ? nl_geterror(status) : "out of memory");
	}
	*ret_groups = listing.list;
	*ret_count = listing.count;
	return 0;
}

void vni_groups_watch(int fd)
{
	const int group = RTNLGRP_TUNNEL;

	setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
}
