/* SPDX-License-Identifier: BSD-3-Clause */

#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link_queues.h"

static int open_netlink(struct nl_sock **ret_socket, struct covey_error *error)
{
	struct nl_sock *socket = nl_socket_alloc();
	int status = socket ? nl_connect(socket, NETLINK_ROUTE) : -NLE_NOMEM;

	if (status) {
		nl_socket_free(socket);
		return covey_error_set(error, -EIO, "cannot open a netlink socket: %s",
				       nl_geterror(status));
	}
	*ret_socket = socket;
	return 0;
}

/* Turn libnl's errors into errno values, as far as callers tell them apart. */
static int to_errno(int status)
{
	switch (-status) {
	case NLE_EXIST:
		return -EEXIST;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND:
		return -ENODEV;
	case NLE_NOMEM:
		return -ENOMEM;
	}
	return -EIO;
}

static void describe(struct rtnl_link *link, struct link_info *ret_info)
{
	struct link_info info = {.index = (unsigned)rtnl_link_get_ifindex(link)};
	struct nl_addr *mac = rtnl_link_get_addr(link);
	unsigned flags = rtnl_link_get_flags(link);

	snprintf(info.name, sizeof(info.name), "%s", rtnl_link_get_name(link));
	info.mtu = (uint16_t)(rtnl_link_get_mtu(link) > UINT16_MAX ? UINT16_MAX
								   : rtnl_link_get_mtu(link));
	info.group = rtnl_link_get_group(link);
	info.ethernet = rtnl_link_get_arptype(link) == ARPHRD_ETHER;
	info.up = flags & IFF_UP;
	info.running = (flags & IFF_UP) && (flags & IFF_RUNNING);
	rtnl_link_get_carrier_changes(link, &info.carrier_changes);
	info.rx_queues = link_count_rx_queues(info.name);
	info.combined_queues = link_count_combined_queues(info.name);
	if (mac && nl_addr_get_len(mac) == LINK_MAC_LEN)
		memcpy(info.mac, nl_addr_get_binary_addr(mac), LINK_MAC_LEN);
	if (rtnl_link_get_type(link))
		snprintf(info.kind, sizeof(info.kind), "%s", rtnl_link_get_type(link));
	*ret_info = info;
}

/* By its index, or by its name when index is 0. */
static int get(unsigned index, const char *name, struct link_info *ret_info,
	       struct covey_error *error)
{
	struct rtnl_link *link;
	struct nl_sock *socket;
	int status = open_netlink(&socket, error);

	if (status)
		return status;
	status = rtnl_link_get_kernel(socket, (int)index, name, &link);
	nl_socket_free(socket);
	if (status)
		return covey_error_set(
			error, to_errno(status), "interface %s: %s", name ? name : "of that number",
			to_errno(status) == -ENODEV ? "there is none of that name (see `ip link`)"
						    : nl_geterror(status));
	describe(link, ret_info);
	rtnl_link_put(link);
	return 0;
}

int link_get(const char *name, struct link_info *ret_info, struct covey_error *error)
{
	return get(0, name, ret_info, error);
}

int link_get_index(unsigned index, struct link_info *ret_info, struct covey_error *error)
{
	return get(index, NULL, ret_info, error);
}

int link_add_veth(const char *name, const char *peer, struct covey_error *error)
{
	struct nl_sock *socket;
	int status = open_netlink(&socket, error);

	if (status)
		return status;
	status = rtnl_link_veth_add(socket, name, peer, getpid());
	nl_socket_free(socket);
	if (status)
		return covey_error_set(error, to_errno(status), "cannot make veth pair %s, %s: %s",
				       name, peer, nl_geterror(status));
	return 0;
}

/* --- changing one ----------------------------------------------------------------------------- */

struct change {
	struct nl_sock *socket;
	struct rtnl_link *old, *new;
};

static void change_free(struct change *change)
{
	rtnl_link_put(change->old);
	rtnl_link_put(change->new);
	nl_socket_free(change->socket);
}

/* The error says what could not be done, "%s: REASON". */
static int change_begin(const char *name, const char *what, struct change *ret_change,
			struct covey_error *error)
{
	struct change change = {0};
	int status = open_netlink(&change.socket, error);

	if (status)
		return status;
	change.new = rtnl_link_alloc();
	status =
		change.new ? rtnl_link_get_kernel(change.socket, 0, name, &change.old) : -NLE_NOMEM;
	if (status) {
		change_free(&change);
		return covey_error_set(error, to_errno(status), "cannot %s %s: %s", what, name,
				       nl_geterror(status));
	}
	*ret_change = change;
	return 0;
}

static int change_end(struct change *change, const char *name, const char *what,
		      struct covey_error *error)
{
	int status = rtnl_link_change(change->socket, change->old, change->new, 0);

	change_free(change);
	if (status)
		return covey_error_set(error, to_errno(status), "cannot %s %s: %s", what, name,
				       nl_geterror(status));
	return 0;
}

bool link_has_mac(const char *name, const uint8_t *mac, uint8_t ret_mac[LINK_MAC_LEN])
{
	struct link_info link;

	if (link_get(name, &link, NULL) || memcmp(link.mac, mac, LINK_MAC_LEN) == 0)
		return true;
	memcpy(ret_mac, link.mac, LINK_MAC_LEN);
	return false;
}

static bool has_mac(struct rtnl_link *link, const uint8_t *mac)
{
	const struct nl_addr *address = rtnl_link_get_addr(link);

	return address && nl_addr_get_len(address) == LINK_MAC_LEN &&
	       memcmp(nl_addr_get_binary_addr(address), mac, LINK_MAC_LEN) == 0;
}

int link_set_up(const char *name, const uint8_t *mac, uint16_t mtu, bool all_multicast,
		struct covey_error *error)
{
	static const char what[] = "set up interface";
	struct nl_addr *address = NULL;
	struct change change;
	int status = change_begin(name, what, &change, error);

	if (status)
		return status;
	/* Only set the address if it is another one: whenever it is set, the kernel forgets its
	 * neighbours. */
	if (mac && !has_mac(change.old, mac)) {
		address = nl_addr_build(AF_LLC, mac, LINK_MAC_LEN);
		rtnl_link_set_addr(change.new, address);
	}
	if (mtu)
		rtnl_link_set_mtu(change.new, mtu);
	rtnl_link_set_flags(change.new, IFF_UP | (all_multicast ? IFF_ALLMULTI : 0));
	status = change_end(&change, name, what, error);
	nl_addr_put(address);
	return status;
}

int link_set_mac(const char *name, const uint8_t mac[LINK_MAC_LEN], struct covey_error *error)
{
	static const char what[] = "set the MAC address of";
	struct nl_addr *address;
	struct change change;
	int status = change_begin(name, what, &change, error);

	if (status)
		return status;
	address = nl_addr_build(AF_LLC, mac, LINK_MAC_LEN);
	rtnl_link_set_addr(change.new, address);
	status = change_end(&change, name, what, error);
	nl_addr_put(address);
	return status;
}

void link_mac_text(const uint8_t mac[LINK_MAC_LEN], char ret_text[LINK_MAC_TEXT_SIZE])
{
	snprintf(ret_text, LINK_MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
}

int link_set_group(const char *name, unsigned group, struct covey_error *error)
{
	static const char what[] = "set the group of";
	struct change change;
	int status = change_begin(name, what, &change, error);

	if (status)
		return status;
	rtnl_link_set_group(change.new, (int)group);
	return change_end(&change, name, what, error);
}

static void set_option(const char *family, const char *name, const char *option, const char *value)
{
	char path[96 + IFNAMSIZ];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, option);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* this kernel has no such option */
	if (write(fd, value, 1) != 1) {
		/* Only comfort depends on it. */
	}
	close(fd);
}

/* What it sent would merely be bypass traffic. */
void link_silence(const char *name)
{
	set_option("ipv6", name, "disable_ipv6", "1");
}

void link_keep_neighbours(const char *name)
{
	set_option("ipv4", name, "arp_evict_nocarrier", "0");
	set_option("ipv6", name, "ndisc_evict_nocarrier", "0");
}
