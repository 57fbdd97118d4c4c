/* SPDX-License-Identifier: BSD-3-Clause */
#include "udp_socket.h"
#include "socket_buffer.h"
#include <errno.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct option {
	int level, name, value;
};

socklen_t udp_address(uint16_t family, const uint8_t *address, uint16_t port,
		      union udp_address *ret_address)
{
	memset(ret_address, 0, sizeof(*ret_address));
	if (family == AF_INET6) {
		ret_address->in6.sin6_family = AF_INET6;
		ret_address->in6.sin6_port = htons(port);
		if (address)
			memcpy(&ret_address->in6.sin6_addr, address, 16);
		return sizeof(ret_address->in6);
	}
	ret_address->in.sin_family = AF_INET;
	ret_address->in.sin_port = htons(port);
	if (address)
		memcpy(&ret_address->in.sin_addr, address, 4);
	return sizeof(ret_address->in);
}

/* --- options --------------------------------------------------------------------------------- */

static int set(int fd, const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			       sizeof(int)) != 0)
			return -errno;
	return 0;
}

static int set_common(int fd, uint16_t family)
{
	static const struct option ipv4[] = {
		{SOL_SOCKET, SO_REUSEPORT, 1}, /* the workers' sockets share the port */
		{IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE},
		{IPPROTO_IP, IP_MULTICAST_LOOP, 0},
	};
	static const struct option ipv6[] = {
		{SOL_SOCKET, SO_REUSEPORT, 1},
		{IPPROTO_IPV6, IPV6_V6ONLY, 1},
		{IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE},
		{IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0},
	};

	return family == AF_INET6 ? set(fd, ipv6, COUNT(ipv6)) : set(fd, ipv4, COUNT(ipv4));
}

static int set_receiver(int fd, uint16_t family)
{
	static const struct option ipv4[] = {
		{IPPROTO_IP, IP_RECVTOS, 1},
		{IPPROTO_IP, IP_PKTINFO, 1},
	};
	static const struct option ipv6[] = {
		{IPPROTO_IPV6, IPV6_RECVTCLASS, 1},
		{IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
		/* A sender need not compute a checksum (RFC 6935). */
		{IPPROTO_UDP, UDP_NO_CHECK6_RX, 1},
	};

	socket_buffer_receive(fd);
	return family == AF_INET6 ? set(fd, ipv6, COUNT(ipv6)) : set(fd, ipv4, COUNT(ipv4));
}

/* Anybody can send to a source port. Nobody reads it, so nothing may be kept. */
static int set_sender(int fd)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = {.len = 1, .filter = &nothing};

	socket_buffer_send(fd);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

static int set_all(int fd, const struct udp_socket *wish)
{
	int status = set_common(fd, wish->family);

	if (status == 0)
		status = wish->receives ? set_receiver(fd, wish->family) : set_sender(fd);
	if (status == 0 && wish->mark &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &wish->mark, sizeof(wish->mark)) != 0)
		status = -errno;
	return status;
}

int udp_socket_open(const struct udp_socket *wish)
{
	static const struct option alone = {SOL_SOCKET, SO_REUSEPORT, 0};
	int fd = socket(wish->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	union udp_address address;
	socklen_t len = udp_address(wish->family, wish->address, wish->port, &address);
	int status;

	if (fd < 0)
		return -errno;
	status = set_all(fd, wish);
	/* The kernel may choose a port that other sockets share, for one that would share it. */
	if (status == 0 && wish->port == 0)
		status = set(fd, &alone, 1);
	if (status == 0 && bind(fd, &address.any, len) != 0)
		status = -errno;
	if (status == 0)
		return fd;
	close(fd);
	return status;
}

/* --- what the kernel can --------------------------------------------------------------------- */

bool udp_socket_gather(int fd, bool on)
{
	const int value = on;

	return setsockopt(fd, IPPROTO_UDP, UDP_GRO, &value, sizeof(value)) == 0;
}

bool udp_socket_segments(int fd)
{
	const int unless_told = 0;

	return setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &unless_told, sizeof(unless_told)) == 0;
}
