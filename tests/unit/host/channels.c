/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into covey-host: says of d0, a veth device of several queues, that they are combined
 * ones, as a NIC says. For a veth device, which has pairs of its own kind, DPDK takes one alone.
 */
#include <dlfcn.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>

int ioctl(int fd, unsigned long command, ...);

int ioctl(int fd, unsigned long command, ...)
{
	int (*real)(int, unsigned long, ...) =
		(int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	struct ethtool_channels *channels;
	struct ifreq *interface;
	va_list args;
	int status;

	va_start(args, command);
	interface = va_arg(args, void *);
	va_end(args);
	status = real(fd, command, interface);
	if (status < 0 || command != SIOCETHTOOL || strcmp(interface->ifr_name, "d0") != 0)
		return status;
	channels = (struct ethtool_channels *)interface->ifr_data;
	if (channels->cmd == ETHTOOL_GCHANNELS)
		channels->combined_count = channels->max_combined = channels->rx_count;
	return status;
}
