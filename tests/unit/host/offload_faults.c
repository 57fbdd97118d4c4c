/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Preloaded into covey-host: a kernel that changes a byte of the last datagram of those that leave
 * in one call. With OFFLOAD_FAULT=no-tunnels, a kernel before Linux 6.17, whose TAP devices know of
 * no tunnels.
 */

#include <dlfcn.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define TUNNELS (0x080ul | 0x100ul)

static int has_no_tunnels(void)
{
	const char *fault = getenv("OFFLOAD_FAULT");

	return fault && strcmp(fault, "no-tunnels") == 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int, unsigned long, unsigned long) = dlsym(RTLD_NEXT, "ioctl");
	unsigned long argument;
	va_list arguments;

	va_start(arguments, request);
	argument = va_arg(arguments, unsigned long);
	va_end(arguments);
	if (request == TUNSETOFFLOAD && argument & TUNNELS && has_no_tunnels()) {
		errno = EINVAL;
		return -1;
	}
	return next(fd, request, argument);
}

static int is_cut(const struct msghdr *message)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control;
	     control = CMSG_NXTHDR((struct msghdr *)message, control))
		if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_SEGMENT)
			return 1;
	return 0;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t (*next)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");

	if (is_cut(message) && !has_no_tunnels())
		*(uint8_t *)message->msg_iov[message->msg_iovlen - 1].iov_base ^= 1;
	return next(fd, message, flags);
}
