/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into covey-host: d0 is a card whose features stay as they are. FEATURES says how:
 *
 *   refused   the kernel says that it cannot be done
 *   ignored   the kernel says nothing, as it does for some drivers
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int ioctl(int fd, unsigned long command, ...);

int ioctl(int fd, unsigned long command, ...)
{
	int (*real)(int, unsigned long, ...) =
		(int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	const struct ifreq *interface;
	void *argument;
	va_list args;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	interface = argument;
	if (command != SIOCETHTOOL || strcmp(interface->ifr_name, "d0") != 0 ||
	    *(const __u32 *)interface->ifr_data != ETHTOOL_SFEATURES)
		return real(fd, command, argument);
	if (strcmp(getenv("FEATURES"), "ignored") == 0)
		return 0;
	errno = EOPNOTSUPP;
	return -1;
}
