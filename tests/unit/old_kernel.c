/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Preloaded into covey-host it takes away what TAP devices have only in newer kernels: tunnel GSO
 * (Linux 6.17), and with OLD_KERNEL=6.1 UDP GSO (Linux 6.2), too.
 */

#include <dlfcn.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define UDP    0x060ul /* TUN_F_USO4, TUN_F_USO6 */
#define TUNNEL 0x180ul /* TUN_F_UDP_TUNNEL_GSO, TUN_F_UDP_TUNNEL_GSO_CSUM */

static unsigned long unknown(void)
{
	const char *version = getenv("OLD_KERNEL");

	return version && strcmp(version, "6.1") == 0 ? UDP | TUNNEL : TUNNEL;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int, unsigned long, unsigned long) = dlsym(RTLD_NEXT, "ioctl");
	unsigned long argument;
	va_list arguments;

	va_start(arguments, request);
	argument = va_arg(arguments, unsigned long);
	va_end(arguments);
	if (request == TUNSETOFFLOAD && argument & unknown()) {
		errno = EINVAL;
		return -1;
	}
	return next(fd, request, argument);
}
