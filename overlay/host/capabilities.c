/* SPDX-License-Identifier: BSD-3-Clause */
#include "capabilities.h"

#include <errno.h>
#include <inventory.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct need {
	unsigned number;
	const char *name;
	const char *what;
};

static const struct need net_admin = {CAP_NET_ADMIN, "CAP_NET_ADMIN",
				      "sets interfaces and the guard's rules"};
static const struct need net_raw = {
	CAP_NET_RAW, "CAP_NET_RAW",
	"opens AF_XDP and AF_PACKET sockets, and reports multicast groups"};
/* The kernel demands it for looking up a program by its number, even of a process with CAP_BPF. */
static const struct need sys_admin = {CAP_SYS_ADMIN, "CAP_SYS_ADMIN",
				      "finds its XDP program on an interface (covey_fabric_port: "
				      "af_packet does without)"};

static int check(const struct need *need, struct covey_error *error)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return covey_error_set(error, -errno,
				       "the kernel does not say which capabilities there are: %s",
				       strerror(errno));
	if (data[CAP_TO_INDEX(need->number)].effective & CAP_TO_MASK(need->number))
		return 0;
	return covey_error_set(error, -EPERM,
			       "covey-host has no %s, with which it %s: add it to the unit's "
			       "CapabilityBoundingSet= or to the container",
			       need->name, need->what);
}

int capabilities_check_guard(struct covey_error *error)
{
	return check(&net_admin, error);
}

int capabilities_check(const struct inventory_host *host, struct covey_error *error)
{
	int status = check(&net_admin, error);

	if (status == 0)
		status = check(&net_raw, error);
	if (status == 0 && host->fabric_port == FABRIC_PORT_AF_XDP)
		status = check(&sys_admin, error);
	return status;
}
