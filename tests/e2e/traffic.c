/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * traffic: the delivery oracle's two ends. Numbered, summed UDP frames that carry the canary.
 *
 *   traffic send    --to ADDRESS --port P --canary HEX --output FILE [--count N] [--rate PPS]
 *                   [--size BYTES] [--stream ID] [--interface IF] [--tos N]
 *   traffic receive --port P --output FILE [--count N] [--group ADDRESS --interface IF] [--family
 * 6]
 *
 * With --count it ends by itself; SIGTERM ends it; SIGUSR1 writes the report in between.
 */

#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"to", required_argument, NULL, 'a'},
	{"group", required_argument, NULL, 'a'},
	{"port", required_argument, NULL, 'p'},
	{"interface", required_argument, NULL, 'i'},
	{"count", required_argument, NULL, 'n'},
	{"rate", required_argument, NULL, 'r'},
	{"size", required_argument, NULL, 's'},
	{"stream", required_argument, NULL, 'm'},
	{"canary", required_argument, NULL, 'c'},
	{"tos", required_argument, NULL, 't'},
	{"family", required_argument, NULL, 'f'},
	{0},
};

uint64_t traffic_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int traffic_signal(const struct traffic *traffic)
{
	struct signalfd_siginfo info;

	return read(traffic->signals, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo
									   : 0;
}

static int take_address(struct traffic *traffic, const char *text)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&traffic->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&traffic->address;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		traffic->family = AF_INET;
		traffic->address_len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		traffic->family = AF_INET6;
		traffic->address_len = sizeof(*v6);
	} else {
		return -EINVAL;
	}
	traffic->address.ss_family = (sa_family_t)traffic->family;
	return 0;
}

static int take_option(struct traffic *traffic, int option)
{
	switch (option) {
	case 'o':
		traffic->output = optarg;
		return 0;
	case 'a':
		return take_address(traffic, optarg);
	case 'p':
		traffic->port = (uint16_t)atoi(optarg);
		return 0;
	case 'i':
		traffic->interface = if_nametoindex(optarg);
		return traffic->interface ? 0 : -errno;
	case 'n':
		traffic->count = strtoull(optarg, NULL, 10);
		return 0;
	case 'r':
		traffic->rate = strtoull(optarg, NULL, 10);
		return traffic->rate ? 0 : -EINVAL;
	case 's':
		traffic->size = (uint32_t)atoi(optarg);
		return traffic->size >= FRAME_MIN && traffic->size <= FRAME_MAX ? 0 : -EINVAL;
	case 'm':
		traffic->stream = (uint32_t)atoi(optarg);
		return 0;
	case 'c':
		return wire_hex(optarg, traffic->canary, FRAME_CANARY) == FRAME_CANARY ? 0
										       : -EINVAL;
	case 't':
		traffic->tos = atoi(optarg);
		return 0;
	case 'f':
		traffic->family = atoi(optarg) == 6 ? AF_INET6 : AF_INET;
		return 0;
	}
	return -EINVAL;
}

static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int parse(struct traffic *traffic, int argc, char **argv)
{
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		status = take_option(traffic, option);
		if (status) {
			fprintf(stderr, "traffic: bad option or value %s\n", optarg ? optarg : "");
			return status;
		}
	}
	return traffic->output && traffic->port && optind == argc - 1 ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct traffic traffic = {.rate = 1000, .size = 512, .family = AF_INET};
	int status = parse(&traffic, argc, argv);

	traffic.signals = signals_open();
	if (!status && strcmp(argv[optind], "send") == 0 && traffic.address_len)
		status = send_frames(&traffic);
	else if (!status && strcmp(argv[optind], "receive") == 0)
		status = receive_frames(&traffic);
	else
		fprintf(stderr, "usage: traffic send|receive OPTION...\n");
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
