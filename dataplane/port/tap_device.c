/* SPDX-License-Identifier: BSD-3-Clause */
#include "tap_device.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vnet_header.h>

/* <linux/if_tun.h> of Linux 6.2 and of Linux 6.17. Debian 12 has an older one. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef TUN_F_UDP_TUNNEL_GSO
#define TUN_F_UDP_TUNNEL_GSO      0x080
#define TUN_F_UDP_TUNNEL_GSO_CSUM 0x100
#endif

#define TCP    (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
#define UDP    (TUN_F_USO4 | TUN_F_USO6)
#define TUNNEL (TUN_F_UDP_TUNNEL_GSO | TUN_F_UDP_TUNNEL_GSO_CSUM)

#define MODE (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)

/* --- whose device it is --------------------------------------------------------------------- */

/* Is there an interface of this name that is no TAP device? */
static bool is_of_another_kind(const char *name)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (void *)&info};
	int fd, status;

	if (if_nametoindex(name) == 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	status = ioctl(fd, SIOCETHTOOL, &request);
	close(fd);
	return status != 0 || strcmp(info.driver, "tun") != 0 || strcmp(info.bus_info, "tap") != 0;
}

static int explain(const char *name, int status, struct covey_error *error)
{
	switch (status) {
	case -EINVAL:
		return covey_error_set(error, -EEXIST,
				       "%s is a TUN or TAP device that another program made in "
				       "another way: remove it (ip link delete %s), or give covey "
				       "another name",
				       name, name);
	case -EPERM:
		return covey_error_set(error, status,
				       "cannot make the TAP device %s: it needs CAP_NET_ADMIN, or "
				       "the device is another user's",
				       name);
	}
	return covey_error_set(error, status, "cannot make the TAP device %s: %s", name,
			       strerror(-status));
}

/* --- opening -------------------------------------------------------------------------------- */

/* Ask for what is wanted, then for less and less, down to what every kernel has. */
static int set_offload(int fd, enum port_tap_offload *offload)
{
	static const unsigned long ladder[] = {
		[PORT_TAP_SINGLES] = TUN_F_CSUM,
		[PORT_TAP_BATCHES] = TCP | UDP,
		[PORT_TAP_SUPER_FRAMES] = TCP | UDP | TUNNEL,
	};

	for (int i = (int)*offload; i >= PORT_TAP_SINGLES; i--) {
		if (ioctl(fd, TUNSETOFFLOAD, ladder[i]) != 0)
			continue;
		*offload = (enum port_tap_offload)i;
		return 0;
	}
	return -errno;
}

static int set_up(int fd, const char *name, enum port_tap_offload *offload,
		  struct covey_error *error)
{
	struct ifreq request = {.ifr_flags = (short)MODE};
	int len = VNET_HEADER_LEN;

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, TUNSETIFF, &request) != 0)
		return explain(name, -errno, error);
	/* Without an owner, any user could open a queue of a device that stays. */
	if (ioctl(fd, TUNSETOWNER, 0) != 0 || ioctl(fd, TUNSETPERSIST, 1) != 0 ||
	    ioctl(fd, TUNSETVNETHDRSZ, &len) != 0 || set_offload(fd, offload) != 0)
		return covey_error_set(error, -errno,
				       "cannot set up the TAP device %s as covey needs it: %s",
				       name, strerror(errno));
	return 0;
}

int tap_device_open(const char *name, enum port_tap_offload *offload, struct covey_error *error)
{
	int fd, status;

	if (strlen(name) >= IFNAMSIZ)
		return covey_error_set(error, -EINVAL, "%s: the name has more than %d bytes", name,
				       IFNAMSIZ - 1);
	if (is_of_another_kind(name))
		return covey_error_set(error, -EEXIST,
				       "%s exists and is no TAP device: rename or remove it, or "
				       "give covey another name",
				       name);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return covey_error_set(error, -errno,
				       "cannot open /dev/net/tun: %s: load the module tun "
				       "(modprobe tun), or let the service use the device",
				       strerror(errno));
	status = set_up(fd, name, offload, error);
	if (status == 0)
		return fd;
	close(fd);
	return status;
}
