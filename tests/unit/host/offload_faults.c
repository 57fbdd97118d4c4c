/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Preloaded into covey-host: a kernel that changes a byte of the last datagram of those that leave
 * in one call.
 */

#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <sys/socket.h>

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

	if (is_cut(message))
		*(uint8_t *)message->msg_iov[message->msg_iovlen - 1].iov_base ^= 1;
	return next(fd, message, flags);
}
