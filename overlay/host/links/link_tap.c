/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"
#include "link_pair.h"

#define TAP_FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)
#define TRIES     8

/* Read a number from a file of /sys. -1: there is none. */
static long read_number(const char *name, const char *file)
{
	char path[64 + IFNAMSIZ], text[32];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return -1;
	text[len] = '\0';
	return strtol(text, NULL, 0);
}

/* A TAP device that stays can be opened by its owner, and by anybody if it has none: who opens it
 * reads what tenants send. So it is root's. */
bool link_tap_is_ours(const char *name)
{
	long flags = read_number(name, "tun_flags");

	return flags >= 0 && (flags & TAP_FLAGS) == TAP_FLAGS && (flags & IFF_PERSIST) &&
	       read_number(name, "owner") == 0 && read_number(name, "group") == -1;
}

static int check(const char *name, struct covey_error *error)
{
	if (link_tap_is_ours(name))
		return 0;
	return covey_error_set(error, -EEXIST,
			       "interface %s exists and is not the TAP device that covey makes: "
			       "rename or delete it (`ip link delete %s`), or set "
			       "covey_host_interface",
			       name, name);
}

unsigned link_random_index(void)
{
	uint32_t number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
		return 0; /* the kernel chooses */
	return LINK_RANDOM_INDEX_MIN | (number & (LINK_RANDOM_INDEX_MIN - 1));
}

static int add(int fd, const char *name, struct covey_error *error)
{
	struct ifreq request = {.ifr_flags = (short)TAP_FLAGS};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	for (int i = 0; i < TRIES; i++) {
		unsigned index = link_random_index();

		if (ioctl(fd, TUNSETIFINDEX, &index) == 0 && ioctl(fd, TUNSETIFF, &request) == 0)
			break;
		if (errno != EBUSY || i == TRIES - 1)
			return covey_error_set(error, -errno, "cannot make TAP device %s: %s", name,
					       strerror(errno));
	}
	if (ioctl(fd, TUNSETOWNER, 0) || ioctl(fd, TUNSETPERSIST, 1))
		return covey_error_set(error, -errno, "TAP device %s cannot be made to stay: %s",
				       name, strerror(errno));
	return 0;
}

int link_tap_make(const char *name, struct covey_error *error)
{
	int fd, status = link_pair_remove(name, error);

	if (status)
		return status;
	if (if_nametoindex(name))
		return check(name, error);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return covey_error_set(error, -errno,
				       "/dev/net/tun: %s: load the kernel's module tun, or give "
				       "the container this device",
				       strerror(errno));
	status = add(fd, name, error);
	close(fd);
	return status;
}

static int set_option(const char *family, const char *name, const char *option, const char *value,
		      struct covey_error *error)
{
	char path[96 + IFNAMSIZ];
	int fd, status = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, option);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		status = covey_error_set(error, -errno, "cannot set %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return status;
}

static int add_address(struct nl_sock *socket, unsigned index)
{
	struct rtnl_addr *address = rtnl_addr_alloc();
	struct nl_addr *local = NULL;
	int status = address ? nl_addr_parse(LINK_TAP_ADDRESS, AF_INET, &local) : -NLE_NOMEM;

	if (status == 0) {
		rtnl_addr_set_ifindex(address, (int)index);
		rtnl_addr_set_scope(address, RT_SCOPE_HOST);
		status = rtnl_addr_set_local(address, local);
	}
	if (status == 0)
		status = rtnl_addr_add(socket, address, NLM_F_REPLACE);
	nl_addr_put(local);
	rtnl_addr_put(address);
	return status;
}

static int set_address(const char *name, struct covey_error *error)
{
	struct nl_sock *socket = nl_socket_alloc();
	int status = socket ? nl_connect(socket, NETLINK_ROUTE) : -NLE_NOMEM;

	if (status == 0)
		status = add_address(socket, if_nametoindex(name));
	nl_socket_free(socket);
	if (status)
		return covey_error_set(error, -EIO, "%s cannot have the address %s: %s", name,
				       LINK_TAP_ADDRESS, nl_geterror(status));
	return 0;
}

/* Without IPv6 there is nothing to silence. */
static int set_options(const char *name, int family, struct covey_error *error)
{
	int status;

	if (family == AF_INET) {
		link_silence(name);
		status = set_option("ipv4", name, "rp_filter", "2", error);
		return status ? status : set_address(name, error);
	}
	if ((status = set_option("ipv6", name, "addr_gen_mode", "1", error)) ||
	    (status = set_option("ipv6", name, "accept_ra", "0", error)))
		return status;
	return set_option("ipv6", name, "disable_ipv6", "0", error);
}

int link_tap_set_up(const char *name, int family, const uint8_t *mac, uint16_t mtu,
		    struct covey_error *error)
{
	int status = set_options(name, family, error);

	if (status == 0)
		status = link_set_group(name, LINK_GROUP_COVEY, error);
	return status ? status : link_set_up(name, mac, mtu, false, error);
}
