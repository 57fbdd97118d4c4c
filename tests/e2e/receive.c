/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream.h"
#include "traffic.h"

#define BUFFER_BYTES (16 << 20)

struct received {
	struct streams streams;
	uint64_t altered;  /* no frame of ours, or changed on its way */
	uint64_t overflow; /* lost in this very socket */
	unsigned snapshots;
};

static int join_group(const struct traffic *traffic, int fd)
{
	struct ipv6_mreq v6 = {.ipv6mr_interface = traffic->interface};
	struct ip_mreqn v4 = {.imr_ifindex = (int)traffic->interface};
	int status;

	if (traffic->family == AF_INET6) {
		v6.ipv6mr_multiaddr = ((struct sockaddr_in6 *)&traffic->address)->sin6_addr;
		status = setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &v6, sizeof(v6));
	} else {
		v4.imr_multiaddr = ((struct sockaddr_in *)&traffic->address)->sin_addr;
		status = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof(v4));
	}
	return status ? -errno : 0;
}

static int bind_socket(const struct traffic *traffic, int fd)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(traffic->port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(traffic->port)};
	int bytes = BUFFER_BYTES, on = 1, status;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)))
		return -errno;
	if (traffic->family == AF_INET6)
		status = bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	else
		status = bind(fd, (struct sockaddr *)&v4, sizeof(v4));
	return status ? -errno : 0;
}

static int open_socket(const struct traffic *traffic)
{
	int fd = socket(traffic->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int status;

	if (fd < 0)
		return -errno;
	status = bind_socket(traffic, fd);
	if (!status && traffic->address_len)
		status = join_group(traffic, fd);
	if (!status)
		return fd;
	fprintf(stderr, "traffic receive: %s\n", strerror(-status));
	close(fd);
	return status;
}

static int write_report(const struct traffic *traffic, struct received *received)
{
	char temporary[4096];
	FILE *file;

	snprintf(temporary, sizeof(temporary), "%s.new", traffic->output);
	file = fopen(temporary, "we");
	if (!file)
		return -errno;
	fprintf(file,
		"{\"snapshot\":%u,\"at_ms\":%" PRIu64 ",\"received\":%" PRIu64
		",\"altered\":%" PRIu64 ",\"overflow\":%" PRIu64 ",",
		received->snapshots++, traffic_now_ns() / 1000000, received->streams.received,
		received->altered, received->overflow);
	streams_write(&received->streams, file);
	fputs("}\n", file);
	return fclose(file) || rename(temporary, traffic->output) ? -errno : 0;
}

static void read_overflow(struct msghdr *message, struct received *received)
{
	uint32_t overflow;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&overflow, CMSG_DATA(c), sizeof(overflow));
			received->overflow = overflow;
		}
	}
}

/* 1 when there was a datagram, 0 when there is none, or negative errno. */
static int receive_one(int fd, struct received *received)
{
	uint8_t bytes[FRAME_MAX + 1], control[64];
	struct iovec vector = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(fd, &message, 0);
	struct frame frame;

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	read_overflow(&message, received);
	if (!frame_read(bytes, (size_t)len, &frame) ||
	    streams_note(&received->streams, frame.stream, frame.number, traffic_now_ns()))
		received->altered++;
	return 1;
}

static int run(const struct traffic *traffic, int fd, struct received *received)
{
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
			       {.fd = traffic->signals, .events = POLLIN}};
	int signal, status = write_report(traffic, received);

	while (!status && (!traffic->count || received->streams.received < traffic->count)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		do
			status = receive_one(fd, received);
		while (status > 0);
		signal = traffic_signal(traffic);
		if (signal == SIGUSR1)
			status = write_report(traffic, received);
		else if (signal)
			break;
	}
	return status ? status : write_report(traffic, received);
}

int receive_frames(const struct traffic *traffic)
{
	struct received received = {0};
	int fd = open_socket(traffic), status;

	if (fd < 0)
		return fd;
	status = run(traffic, fd, &received);
	streams_free(&received.streams);
	close(fd);
	return status;
}
