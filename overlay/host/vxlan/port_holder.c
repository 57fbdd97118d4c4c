/* SPDX-License-Identifier: BSD-3-Clause */

#include "port_holder.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>

#include "link.h"

int port_holder_name(struct port_holder *holder, const char *host_interface, char which,
		     struct covey_error *error)
{
	if (snprintf(holder->name, IFNAMSIZ, "%s%c", host_interface, which) >= IFNAMSIZ)
		return covey_error_set(error, -ENAMETOOLONG,
				       "covey_host_interface %s is too long: at most %d characters",
				       host_interface, IFNAMSIZ - 2);
	return 0;
}

/* IFLA_VXLAN_RESERVED_BITS, which is newer than Debian's headers. */
#define SETTING_RESERVED_BITS 33

/* True for settings of a device that are not about its socket, but say where it sends or what it
 * answers. */
static bool is_own(int type, int family)
{
	switch (type) {
	case IFLA_VXLAN_LOCAL:
		return family != AF_INET;
	case IFLA_VXLAN_LOCAL6:
		return family != AF_INET6;
	case IFLA_VXLAN_ID:
	case IFLA_VXLAN_PORT:
	case IFLA_VXLAN_TTL:
	case IFLA_VXLAN_TTL_INHERIT: /* the kernel gives a number and takes a flag */
	case IFLA_VXLAN_TOS:
	case IFLA_VXLAN_DF:
	case IFLA_VXLAN_LABEL:
	case IFLA_VXLAN_AGEING:
	case IFLA_VXLAN_PORT_RANGE:
	case IFLA_VXLAN_UDP_CSUM:
	case IFLA_VXLAN_UDP_ZERO_CSUM6_TX:
	case IFLA_VXLAN_REMCSUM_TX:
	case SETTING_RESERVED_BITS:
	case IFLA_VXLAN_GROUP:
	case IFLA_VXLAN_GROUP6:
	case IFLA_VXLAN_LINK:
	case IFLA_VXLAN_LEARNING:
	case IFLA_VXLAN_LIMIT:
	case IFLA_VXLAN_PROXY:
	case IFLA_VXLAN_RSC:
	case IFLA_VXLAN_L2MISS:
	case IFLA_VXLAN_L3MISS:
		return true;
	}
	return false;
}

/* Copy all other settings, also those that a later kernel may tell sockets apart by. True when an
 * IPv6 address is among them. */
static bool copy_settings(struct nl_msg *message, const struct vxlan_device *model, int family,
			  int *status)
{
	struct nlattr *attribute;
	bool has_address = false;
	int left;

	nla_for_each_attr(attribute, (struct nlattr *)(void *)model->settings, model->settings_len,
			  left)
	{
		int type = nla_type(attribute);

		if (is_own(type, family))
			continue;
		has_address |= type == IFLA_VXLAN_LOCAL6;
		*status |= nla_put(message, type, nla_len(attribute), nla_data(attribute));
	}
	return has_address;
}

/* If a device has no VNI of its own, the kernel looks only at VNI 0: then any other VNI will do. */
static int put_settings(struct nl_msg *message, const struct port_holder *holder,
			const struct vxlan_device *model)
{
	static const uint8_t any[16];
	const uint16_t wire_port = htons(holder->port);
	bool has_address = false;
	int status = 0;

	if (model)
		has_address = copy_settings(message, model, holder->family, &status);
	status |= nla_put_u32(message, IFLA_VXLAN_ID, holder->vni);
	status |= nla_put(message, IFLA_VXLAN_PORT, sizeof(wire_port), &wire_port);
	status |= nla_put_u8(message, IFLA_VXLAN_LEARNING, 0);
	if (holder->family == AF_INET6 && !has_address)
		status |= nla_put(message, IFLA_VXLAN_LOCAL6, sizeof(any), any);
	return status;
}

static int fill(struct nl_msg *message, const struct port_holder *holder,
		const struct vxlan_device *model)
{
	const struct ifinfomsg about = {.ifi_family = AF_UNSPEC};
	struct nlattr *info, *settings;

	if (nlmsg_append(message, (void *)&about, sizeof(about), NLMSG_ALIGNTO) ||
	    nla_put_string(message, IFLA_IFNAME, holder->name) ||
	    nla_put_u32(message, IFLA_GROUP, LINK_GROUP_COVEY))
		return -NLE_NOMEM;
	info = nla_nest_start(message, IFLA_LINKINFO);
	if (!info || nla_put_string(message, IFLA_INFO_KIND, "vxlan"))
		return -NLE_NOMEM;
	settings = nla_nest_start(message, IFLA_INFO_DATA);
	if (!settings || put_settings(message, holder, model))
		return -NLE_NOMEM;
	nla_nest_end(message, settings);
	nla_nest_end(message, info);
	return 0;
}

/* Send the message, wait for the kernel's answer, and free the message. Returns libnl's error. */
static int ask(struct nl_msg *message)
{
	struct nl_sock *socket = nl_socket_alloc();
	int status = socket ? nl_connect(socket, NETLINK_ROUTE) : -NLE_NOMEM;

	if (status == 0)
		status = nl_send_sync(socket, message);
	else
		nlmsg_free(message);
	nl_socket_free(socket);
	return status;
}

static int add(const struct port_holder *holder, const struct vxlan_device *model)
{
	struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	int status;

	if (!message)
		return -NLE_NOMEM;
	status = fill(message, holder, model);
	if (status) {
		nlmsg_free(message);
		return status;
	}
	return ask(message);
}

int port_holder_make(const struct port_holder *holder, const struct vxlan_device *model,
		     struct covey_error *error)
{
	int status = port_holder_remove(holder, error);
	struct covey_error reason;

	if (status)
		return status;
	status = add(holder, model);
	if (status)
		return covey_error_set(error, -EIO, "cannot make interface %s: %s", holder->name,
				       nl_geterror(status));
	link_silence(holder->name);
	status = link_set_up(holder->name, NULL, 0, false, &reason);
	if (status) {
		port_holder_remove(holder, NULL);
		covey_error_set(error, 0,
				"cannot hold UDP port %u (%.200s): `ss -lunp 'sport = %u'` shows "
				"whether another program has it",
				holder->port, reason.text, holder->port);
	}
	return status;
}

int port_holder_remove(const struct port_holder *holder, struct covey_error *error)
{
	const struct ifinfomsg about = {.ifi_family = AF_UNSPEC};
	const char *name = holder->name;
	struct nl_msg *message;
	struct link_info info;
	int status = link_get(name, &info, NULL);

	if (status == -ENODEV)
		return 0;
	if (status == 0 && strcmp(info.kind, "vxlan") != 0)
		return covey_error_set(error, -EEXIST,
				       "interface %s exists and is none of covey's: rename it, or "
				       "set covey_host_interface",
				       name);
	message = nlmsg_alloc_simple(RTM_DELLINK, 0);
	if (!message)
		return covey_error_set(error, -ENOMEM, "out of memory");
	if (nlmsg_append(message, (void *)&about, sizeof(about), NLMSG_ALIGNTO) ||
	    nla_put_string(message, IFLA_IFNAME, name)) {
		nlmsg_free(message);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	status = ask(message);
	if (status && status != -NLE_NODEV && status != -NLE_OBJ_NOTFOUND)
		return covey_error_set(error, -EIO, "cannot remove interface %s: %s", name,
				       nl_geterror(status));
	return 0;
}
