/* SPDX-License-Identifier: BSD-3-Clause */

/*
 *	send-frames INTERFACE MILLISECONDS
 *
 * Sends small frames by the interface as fast as it takes them, and prints how many nanoseconds
 * each took. Its own work for one is little: they are sent 256 at a time.
 */

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BURST 256u

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
	/* A type of Ethernet frame for experiments, so nobody looks further. */
	static uint8_t frame[64] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
	static struct mmsghdr messages[BURST];
	static struct iovec data = {.iov_base = frame, .iov_len = sizeof(frame)};
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	uint64_t start, until, sent = 0;

	to.sll_ifindex = argc == 3 ? (int)if_nametoindex(argv[1]) : 0;
	if (fd < 0 || to.sll_ifindex == 0 ||
	    bind(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
		fprintf(stderr, "send-frames INTERFACE MILLISECONDS\n");
		return 1;
	}
	for (unsigned i = 0; i < BURST; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &data, .msg_iovlen = 1};
	start = now_ns();
	until = start + strtoull(argv[2], NULL, 10) * 1000000;
	while (now_ns() < until) {
		int count = sendmmsg(fd, messages, BURST, 0);

		sent += count > 0 ? (unsigned)count : 0;
	}
	if (sent == 0) {
		fprintf(stderr, "send-frames: %s takes no frame\n", argv[1]);
		return 1;
	}
	printf("%.1f\n", (double)(now_ns() - start) / (double)sent);
	close(fd);
	return 0;
}
