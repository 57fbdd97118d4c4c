/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet_socket.h"
#include "socket_buffer.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Until all sockets share the flows, each would get every frame. */
static int hold_back(int fd)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = {.len = 1, .filter = &nothing};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

static int let_in(int fd)
{
	const int none = 0;

	return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)) ? -errno : 0;
}

static int set(int fd, int option, int value)
{
	return setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) ? -errno : 0;
}

static int bind_to(int fd, unsigned index)
{
	const struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)index,
	};

	return bind(fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

static int open_one(unsigned index)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		return -errno;
	socket_buffer_receive(fd);
	if ((status = hold_back(fd)) || (status = set(fd, PACKET_VNET_HDR, 1)) ||
	    (status = set(fd, PACKET_IGNORE_OUTGOING, 1)) || (status = bind_to(fd, index))) {
		close(fd);
		return status;
	}
	return fd;
}

/* The kernel chooses the number of a group that nobody else has; the others join it. */
static int share(int fd, int *group)
{
	uint32_t wish = PACKET_FANOUT_HASH << 16;
	socklen_t len = sizeof(wish);
	int status;

	if (*group >= 0)
		return set(fd, PACKET_FANOUT, (int)(wish | (uint32_t)*group));
	status = set(fd, PACKET_FANOUT, (int)(wish | PACKET_FANOUT_FLAG_UNIQUEID << 16));
	if (status)
		return status;
	if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &wish, &len) != 0)
		return -errno;
	*group = (int)(wish & 0xffff);
	return 0;
}

static int open_all(unsigned index, unsigned count, int *ret_fds)
{
	int group = -1, status = 0;

	for (unsigned i = 0; i < count; i++)
		if ((ret_fds[i] = open_one(index)) < 0)
			return ret_fds[i];
	for (unsigned i = 0; count > 1 && i < count; i++)
		if ((status = share(ret_fds[i], &group)) != 0)
			return status;
	for (unsigned i = 0; status == 0 && i < count; i++)
		status = let_in(ret_fds[i]);
	return status;
}

int packet_sockets_open(const char *name, unsigned count, int *ret_fds, struct covey_error *error)
{
	unsigned index = if_nametoindex(name);
	int status = index == 0 ? -ENODEV : 0;

	for (unsigned i = 0; i < count; i++)
		ret_fds[i] = -1;
	if (status == 0)
		status = open_all(index, count, ret_fds);
	if (status == 0)
		return 0;
	for (unsigned i = 0; i < count; i++)
		if (ret_fds[i] >= 0)
			close(ret_fds[i]);
	return covey_error_set(error, status, "%s: cannot receive by packet sockets: %s", name,
			       strerror(-status));
}
