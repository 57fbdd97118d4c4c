/* SPDX-License-Identifier: BSD-3-Clause */
/* Preloaded into covey-host: while the file CARRIER_FAULT exists, the kernel refuses to change any
 * interface. Each try adds a byte to the file. */
#include <dlfcn.h>
#include <fcntl.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdlib.h>
#include <unistd.h>

int rtnl_link_change(struct nl_sock *socket, struct rtnl_link *which, struct rtnl_link *change,
		     int flags)
{
	int (*real)(struct nl_sock *, struct rtnl_link *, struct rtnl_link *, int) =
		(int (*)(struct nl_sock *, struct rtnl_link *, struct rtnl_link *, int))dlsym(
			RTLD_NEXT, "rtnl_link_change");
	int fd = open(getenv("CARRIER_FAULT"), O_WRONLY | O_APPEND | O_CLOEXEC);
	int status = -NLE_PERM;

	if (fd < 0)
		return real(socket, which, change, flags);
	if (write(fd, "x", 1) != 1)
		status = -NLE_FAILURE;
	close(fd);
	return status;
}
