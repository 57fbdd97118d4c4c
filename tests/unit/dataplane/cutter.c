/* SPDX-License-Identifier: BSD-3-Clause */
#include "cutter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vnet_header.h>

/* <linux/if_tun.h> of Linux 6.17; Debian 12's has none of them. */
#define OFFLOAD_USO4        0x20
#define OFFLOAD_USO6        0x40
#define OFFLOAD_TUNNEL      0x80
#define OFFLOAD_TUNNEL_CSUM 0x100
#define OFFLOADS                                                                                   \
	(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | OFFLOAD_USO4 | OFFLOAD_USO6 | OFFLOAD_TUNNEL |     \
	 OFFLOAD_TUNNEL_CSUM)

#define PIECES_MAX 80
/* The kernel has cut before the write returns; the machine may be busy. */
#define WAIT_MS 10000

/* -1: the kernel knows not all of these offloads. */
static int open_tap(const char *name, unsigned offloads)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int len = VNET_HEADER_LEN;

	assert_true(fd >= 0);
	strcpy(request.ifr_name, name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	assert_int_equal(ioctl(fd, TUNSETVNETHDRSZ, &len), 0);
	if (ioctl(fd, TUNSETOFFLOAD, offloads) == 0)
		return fd;
	assert_int_equal(errno, EINVAL);
	close(fd);
	return -1;
}

bool cutter_open(struct cutter *cutter)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	cutter->in = open_tap("in", OFFLOADS);
	if (cutter->in < 0)
		return false;
	cutter->out = open_tap("out", 0);
	/* One of a million random destinations has been a source before, and a bridge that learns
	 * would not send the frame back there. */
	assert_int_equal(system("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 "
				"net.ipv6.conf.default.disable_ipv6=1 && "
				"ip link add cut type bridge mcast_snooping 0 && "
				"ip link set in master cut mtu 9000 up && "
				"ip link set in type bridge_slave learning off && "
				"ip link set out master cut mtu 9000 txqueuelen 10000 up && "
				"ip link set cut mtu 9000 up"),
			 0);
	return true;
}

void cutter_close(struct cutter *cutter)
{
	close(cutter->in);
	close(cutter->out);
}

int cutter_write(struct cutter *cutter, const struct vnet_header *header,
		 const struct iovec *pieces, unsigned count)
{
	struct iovec all[PIECES_MAX] = {{(void *)(uintptr_t)header, sizeof(*header)}};

	assert_true(count < PIECES_MAX);
	memcpy(all + 1, pieces, count * sizeof(*pieces));
	return writev(cutter->in, all, (int)count + 1) < 0 ? -errno : 0;
}

size_t cutter_read(struct cutter *cutter, uint8_t *packet, size_t size)
{
	struct vnet_header header;
	struct iovec parts[] = {{&header, sizeof(header)}, {packet, size}};
	struct pollfd readable = {.fd = cutter->out, .events = POLLIN};
	ssize_t n = readv(cutter->out, parts, 2);

	if (n < 0 && errno == EAGAIN && poll(&readable, 1, WAIT_MS) == 1)
		n = readv(cutter->out, parts, 2);
	if (n < (ssize_t)sizeof(header))
		return 0;
	assert_int_equal(header.gso_type, VNET_GSO_NONE);
	assert_int_equal(header.flags & VNET_FLAG_NEEDS_CSUM, 0);
	return (size_t)n - sizeof(header);
}
