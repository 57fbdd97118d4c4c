/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_name.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>

static int take_index(struct nl_msg *message, void *arg)
{
	const struct ifinfomsg *link = nlmsg_data(nlmsg_hdr(message));

	*(unsigned *)arg = (unsigned)link->ifi_index;
	return NL_OK;
}

/* nl_send_sync() frees the message. */
static void ask(struct nl_sock *socket, const char *altname, unsigned *ret_index)
{
	struct nl_msg *message = nlmsg_alloc_simple(RTM_GETLINK, 0);
	struct ifinfomsg any = {.ifi_family = AF_UNSPEC};

	if (!message)
		return;
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_index, ret_index);
	if (nlmsg_append(message, &any, sizeof(any), NLMSG_ALIGNTO) ||
	    nla_put_string(message, IFLA_ALT_IFNAME, altname))
		nlmsg_free(message);
	else
		nl_send_sync(socket, message);
}

/* 0: there is none. */
static unsigned find_long(const char *altname)
{
	struct nl_sock *socket = nl_socket_alloc();
	unsigned index = 0;

	if (socket && nl_connect(socket, NETLINK_ROUTE) == 0)
		ask(socket, altname, &index);
	nl_socket_free(socket);
	return index;
}

int link_name_resolve(const char *name, char ret_name[IFNAMSIZ])
{
	char own[IFNAMSIZ];
	/* The system call knows alternative names, but none that are longer than the kernel's own
	 * may be. */
	unsigned index = strlen(name) < IFNAMSIZ ? if_nametoindex(name) : find_long(name);

	if (index == 0 || !if_indextoname(index, own))
		return -ENODEV;
	memcpy(ret_name, own, sizeof(own));
	return 0;
}

int link_name_find(const char *name, char ret_name[IFNAMSIZ], struct covey_error *error)
{
	size_t len = strlen(name);

	if (link_name_resolve(name, ret_name) == 0)
		return 0;
	if (len >= IFNAMSIZ)
		return covey_error_set(error, -ENODEV,
				       "there is no interface %s (see `ip link`), and rules cannot "
				       "wait for an alternative name as long as that",
				       name);
	memcpy(ret_name, name, len + 1);
	return 0;
}
