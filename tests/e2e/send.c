/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "traffic.h"

#define MULTICAST_HOPS 4

/* Frames that the kernel did not take count as not sent, and their numbers are used again. */
struct sent {
	uint64_t frames;
	uint64_t refused;
	unsigned snapshots;
};

static int set_options(const struct traffic *traffic, int fd)
{
	struct ip_mreqn request = {.imr_ifindex = (int)traffic->interface};
	int hops = MULTICAST_HOPS, index = (int)traffic->interface, tos = traffic->tos;
	int status;

	if (traffic->family == AF_INET6) {
		status = setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) ||
			 setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos)) ||
			 (index &&
			  setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)));
	} else {
		status = setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops)) ||
			 setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) ||
			 (index &&
			  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request)));
	}
	return status ? -errno : 0;
}

static int open_socket(const struct traffic *traffic)
{
	struct sockaddr_storage address = traffic->address;
	int fd = socket(traffic->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		return -errno;
	((struct sockaddr_in *)&address)->sin_port = htons(traffic->port);
	status = set_options(traffic, fd);
	if (!status && connect(fd, (struct sockaddr *)&address, traffic->address_len))
		status = -errno;
	if (!status)
		return fd;
	fprintf(stderr, "traffic send: %s\n", strerror(-status));
	close(fd);
	return status;
}

static int write_report(const struct traffic *traffic, struct sent *sent)
{
	char temporary[4096];
	FILE *file;

	snprintf(temporary, sizeof(temporary), "%s.new", traffic->output);
	file = fopen(temporary, "we");
	if (!file)
		return -errno;
	fprintf(file,
		"{\"snapshot\":%u,\"stream\":%" PRIu32 ",\"sent\":%" PRIu64 ",\"refused\":%" PRIu64
		"}\n",
		sent->snapshots++, traffic->stream, sent->frames, sent->refused);
	return fclose(file) || rename(temporary, traffic->output) ? -errno : 0;
}

static void wait_until(uint64_t ns)
{
	struct timespec at = {.tv_sec = (time_t)(ns / 1000000000),
			      .tv_nsec = (long)(ns % 1000000000)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static void send_one(const struct traffic *traffic, int fd, struct sent *sent)
{
	struct frame frame = {.stream = traffic->stream, .number = sent->frames};
	uint8_t bytes[FRAME_MAX];

	frame_write(bytes, traffic->size, &frame, traffic->canary);
	/* An ICMP error of an earlier frame comes as this one's: what counts is whether the kernel
	 * took it. */
	if (send(fd, bytes, traffic->size, MSG_DONTWAIT) == (ssize_t)traffic->size)
		sent->frames++;
	else
		sent->refused++;
}

int send_frames(const struct traffic *traffic)
{
	struct sent sent = {0};
	uint64_t start = traffic_now_ns();
	int fd = open_socket(traffic);
	int signal = 0, status = 0;

	if (fd < 0)
		return fd;
	status = write_report(traffic, &sent);
	for (uint64_t turn = 0; !status && (!traffic->count || sent.frames < traffic->count);
	     turn++) {
		wait_until(start + turn * 1000000000 / traffic->rate);
		send_one(traffic, fd, &sent);
		/* A system call a frame is dear; every 16th is often enough for a signal. */
		if (turn % 16 == 0 || traffic->rate < 1000)
			signal = traffic_signal(traffic);
		if (signal == SIGUSR1)
			status = write_report(traffic, &sent);
		else if (signal)
			break;
		signal = 0;
	}
	close(fd);
	return status ? status : write_report(traffic, &sent);
}
