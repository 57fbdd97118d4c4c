/* SPDX-License-Identifier: BSD-3-Clause */

#include "link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link_features.h"

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

static unsigned count_rx_queues(const char *name)
{
	char path[64 + IFNAMSIZ];
	struct dirent *entry;
	unsigned count = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", name);
	directory = opendir(path);
	if (!directory)
		return 1;
	while ((entry = readdir(directory)) != NULL)
		count += strncmp(entry->d_name, "rx-", 3) == 0;
	closedir(directory);
	return count ? count : 1;
}

/* Read or set the channels of an interface. 0 or negative errno. */
static int ethtool_channels(const char *name, struct ethtool_channels *channels)
{
	struct ifreq interface = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		return -errno;
	snprintf(interface.ifr_name, sizeof(interface.ifr_name), "%s", name);
	interface.ifr_data = (char *)channels;
	status = ioctl(fd, SIOCETHTOOL, &interface) ? -errno : 0;
	close(fd);
	return status;
}

static unsigned count_combined_queues(const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	return ethtool_channels(name, &channels) == 0 ? channels.combined_count : 0;
}

void link_set_queues(const char *name, unsigned queues)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	uint32_t wanted;

	if (ethtool_channels(name, &channels) != 0)
		return;
	wanted = queues < channels.max_rx ? queues : channels.max_rx;
	if (wanted > channels.max_tx)
		wanted = channels.max_tx;
	if (wanted == 0 || (channels.rx_count == wanted && channels.tx_count == wanted))
		return;
	channels.cmd = ETHTOOL_SCHANNELS;
	channels.rx_count = channels.tx_count = wanted;
	ethtool_channels(name, &channels);
}

static void describe(struct rtnl_link *link, struct link_info *ret_info)
{
	struct link_info info = {.index = (unsigned)rtnl_link_get_ifindex(link)};
	struct nl_addr *mac = rtnl_link_get_addr(link);
	unsigned flags = rtnl_link_get_flags(link);

	snprintf(info.name, sizeof(info.name), "%s", rtnl_link_get_name(link));
	info.mtu = (uint16_t)(rtnl_link_get_mtu(link) > UINT16_MAX ? UINT16_MAX
								   : rtnl_link_get_mtu(link));
	info.up = flags & IFF_UP;
	info.running = (flags & IFF_UP) && (flags & IFF_RUNNING);
	rtnl_link_get_carrier_changes(link, &info.carrier_changes);
	info.rx_queues = count_rx_queues(info.name);
	info.combined_queues = count_combined_queues(info.name);
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

static bool has_mac(struct rtnl_link *link, const uint8_t *mac)
{
	const struct nl_addr *address = rtnl_link_get_addr(link);

	return address && nl_addr_get_len(address) == LINK_MAC_LEN &&
	       memcmp(nl_addr_get_binary_addr(address), mac, LINK_MAC_LEN) == 0;
}

int link_set_up(const char *name, const uint8_t *mac, uint16_t mtu, bool all_multicast,
		struct covey_error *error)
{
	struct rtnl_link *old = NULL, *change = rtnl_link_alloc();
	struct nl_addr *address = NULL;
	struct nl_sock *socket;
	int status = open_netlink(&socket, error);

	if (status) {
		rtnl_link_put(change);
		return status;
	}
	status = change ? rtnl_link_get_kernel(socket, 0, name, &old) : -NLE_NOMEM;
	if (status)
		goto out;
	/* Only set the address if it is another one: whenever it is set, the kernel forgets its
	 * neighbours. */
	if (mac && !has_mac(old, mac)) {
		address = nl_addr_build(AF_LLC, mac, LINK_MAC_LEN);
		rtnl_link_set_addr(change, address);
	}
	if (mtu)
		rtnl_link_set_mtu(change, mtu);
	rtnl_link_set_flags(change, IFF_UP | (all_multicast ? IFF_ALLMULTI : 0));
	status = rtnl_link_change(socket, old, change, 0);
out:
	nl_addr_put(address);
	rtnl_link_put(old);
	rtnl_link_put(change);
	nl_socket_free(socket);
	if (status)
		return covey_error_set(error, to_errno(status), "cannot set up interface %s: %s",
				       name, nl_geterror(status));
	return 0;
}

int link_set_group(const char *name, unsigned group, struct covey_error *error)
{
	struct rtnl_link *old = NULL, *change = rtnl_link_alloc();
	struct nl_sock *socket;
	int status = open_netlink(&socket, error);

	if (status) {
		rtnl_link_put(change);
		return status;
	}
	status = change ? rtnl_link_get_kernel(socket, 0, name, &old) : -NLE_NOMEM;
	if (status == 0) {
		rtnl_link_set_group(change, (int)group);
		status = rtnl_link_change(socket, old, change, 0);
	}
	rtnl_link_put(old);
	rtnl_link_put(change);
	nl_socket_free(socket);
	if (status)
		return covey_error_set(error, to_errno(status), "cannot set the group of %s: %s",
				       name, nl_geterror(status));
	return 0;
}

static int ethtool_set(int fd, const char *name, uint32_t command, uint32_t value)
{
	struct ethtool_value request = {.cmd = command, .data = value};
	struct ifreq interface = {0};

	snprintf(interface.ifr_name, sizeof(interface.ifr_name), "%s", name);
	interface.ifr_data = (char *)&request;
	return ioctl(fd, SIOCETHTOOL, &interface) ? -errno : 0;
}

/* If the kernel passes a VLAN tag beside the frame, the reader does not see it. A TAP would write
 * it into the frame. */
static int keep_tags(const char *name)
{
	static const char *const inserts[] = {"tx-vlan-hw-insert", "tx-vlan-stag-hw-insert"};
	struct features *features;
	int status = features_read(name, &features);

	if (status)
		return status;
	for (unsigned i = 0; i < 2 && !status; i++)
		status = features_set(features, name, inserts[i], false);
	features_free(features);
	return status;
}

int link_set_offloads(const char *name, bool gro, struct covey_error *error)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		return covey_error_set(error, -errno, "%s: cannot open a socket: %s", name,
				       strerror(errno));
	/* Without checksums in hardware the kernel switches segmentation offload off by itself. So
	 * a device that refuses to switch it off is no reason to stop. */
	status = ethtool_set(fd, name, ETHTOOL_STXCSUM, 0);
	ethtool_set(fd, name, ETHTOOL_STSO, 0);
	ethtool_set(fd, name, ETHTOOL_SGSO, 0);
	ethtool_set(fd, name, ETHTOOL_SGRO, gro);
	close(fd);
	if (status)
		return covey_error_set(error, status,
				       "%s: cannot switch transmit checksums off: %s", name,
				       strerror(-status));
	status = keep_tags(name);
	if (status)
		return covey_error_set(error, status,
				       "%s: cannot have VLAN tags written into the frame: %s", name,
				       strerror(-status));
	return 0;
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
