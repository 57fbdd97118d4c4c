/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * inject: an attacker on the fabric. Takes a VPE packet that the recorder captured, changes it,
 * sends it, and says how many he sent.
 *
 *   inject --capture FILE --as WHAT [--from IP] [--to IP] [--cast 0|1] [--packets-min N] [--first]
 *          [--count N] [--rate PPS] [--seconds S] [--address IP] [--mac MAC] [--sender-id N]
 *          [--vni N] [--canary HEX] [--inner-mac MAC] [--member SENDER-ID=IP]... PORT
 *
 * Without --rate as fast as it can. With --seconds it ends then, or after --count, if that is
 * first.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "forge.h"
#include "socket.h"

#define SECOND_NS UINT64_C(1000000000)

struct inject {
	const char *capture;
	const char *interface;
	forge_function *function;
	struct capture_filter filter;
	struct forge forge;
	uint32_t count;
	uint32_t sent;
	uint64_t rate;    /* packets per second, or 0 */
	uint64_t seconds; /* or 0 */
};

static const struct option options[] = {
	/* which packet */
	{"capture", required_argument, NULL, 'p'},
	{"as", required_argument, NULL, 'w'},
	{"from", required_argument, NULL, 'f'},
	{"to", required_argument, NULL, 't'},
	{"cast", required_argument, NULL, 'k'},
	{"packets-min", required_argument, NULL, 'x'},
	{"first", no_argument, NULL, '1'},
	/* what to make of it */
	{"count", required_argument, NULL, 'n'},
	{"address", required_argument, NULL, 'a'},
	{"mac", required_argument, NULL, 'm'},
	{"sender-id", required_argument, NULL, 's'},
	{"vni", required_argument, NULL, 'v'},
	{"canary", required_argument, NULL, 'c'},
	{"inner-mac", required_argument, NULL, 'i'},
	{"rate", required_argument, NULL, 'r'},
	{"seconds", required_argument, NULL, 'e'},
	{"member", required_argument, NULL, 'b'},
	{0},
};

static int take_address(const char *text, uint8_t *bytes)
{
	return inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, bytes) == 1 ? 0 : -EINVAL;
}

static int take_mac(const char *text, uint8_t *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		      &mac[4], &mac[5]) == 6
		       ? 0
		       : -EINVAL;
}

static int take_member(const char *text, struct forge *forge)
{
	struct forge_member *member = &forge->members[forge->member_count];
	const char *address = strchr(text, '=');

	if (!address || forge->member_count == FORGE_MEMBERS_MAX)
		return -EINVAL;
	member->sender_id = (uint16_t)atoi(text);
	forge->member_count++;
	return take_address(address + 1, member->address);
}

static int take_forge_option(struct forge *forge, int option)
{
	switch (option) {
	case 'a':
		return take_address(optarg, forge->address);
	case 'm':
		return take_mac(optarg, forge->mac);
	case 'i':
		return take_mac(optarg, forge->inner_mac);
	case 's':
		forge->sender_id = (uint16_t)atoi(optarg);
		return 0;
	case 'v':
		forge->vni = (uint32_t)atoi(optarg);
		return 0;
	case 'c':
		return wire_hex(optarg, forge->canary, 16) == 16 ? 0 : -EINVAL;
	case 'b':
		return take_member(optarg, forge);
	}
	return -EINVAL;
}

static int take_option(struct inject *inject, int option)
{
	switch (option) {
	case 'p':
		inject->capture = optarg;
		return 0;
	case 'w':
		inject->function = forge_find(optarg);
		return inject->function ? 0 : -EINVAL;
	case 'f':
		return take_address(optarg, inject->filter.from);
	case 't':
		return take_address(optarg, inject->filter.to);
	case 'k':
		inject->filter.cast = atoi(optarg);
		return 0;
	case 'x':
		inject->filter.packets_min = strtoull(optarg, NULL, 10);
		return 0;
	case '1':
		inject->filter.first = true;
		return 0;
	case 'n':
		inject->count = (uint32_t)atoi(optarg);
		return 0;
	case 'r':
		inject->rate = strtoull(optarg, NULL, 10);
		return inject->rate ? 0 : -EINVAL;
	case 'e':
		inject->seconds = strtoull(optarg, NULL, 10);
		return inject->seconds ? 0 : -EINVAL;
	}
	return take_forge_option(&inject->forge, option);
}

/* The frame's source address is the attacker's own, or the switch would take him for his victim. */
static int own_mac(int fd, const char *interface, uint8_t *mac)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		return -errno;
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* Wait for the turn of the next packet. False when time is over. */
static bool await_turn(const struct inject *inject, uint64_t start)
{
	uint64_t at = inject->rate ? start + inject->sent * SECOND_NS / inject->rate : 0;
	const struct timespec until = {.tv_sec = (time_t)(at / SECOND_NS),
				       .tv_nsec = (long)(at % SECOND_NS)};

	if (inject->sent == inject->count)
		return false;
	if (inject->seconds && now_ns() - start >= inject->seconds * SECOND_NS)
		return false;
	while (at && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return true;
}

/* The socket does not block: a full queue is waited for. */
static int send_frame(int fd, const struct captured *captured)
{
	struct pollfd writable = {.fd = fd, .events = POLLOUT};

	while (send(fd, captured->frame, captured->len, 0) != (ssize_t)captured->len) {
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			return -errno;
		poll(&writable, 1, 1);
	}
	return 0;
}

static int send_all(struct inject *inject, const struct captured *captured, int fd)
{
	uint64_t start = now_ns();
	struct captured changed;
	uint8_t mac[6];
	int status = own_mac(fd, inject->interface, mac);

	for (; !status && await_turn(inject, start); inject->sent++) {
		changed = *captured;
		inject->forge.turn = inject->sent;
		inject->function(&inject->forge, &changed);
		memcpy(changed.frame + 6, mac, 6);
		status = send_frame(fd, &changed);
	}
	return status;
}

static int run(struct inject *inject)
{
	struct captured captured;
	int status = capture_find(inject->capture, &inject->filter, &captured);
	int fd;

	if (status) {
		fprintf(stderr, "inject: no such packet in %s: %s\n", inject->capture,
			strerror(-status));
		return status;
	}
	fd = socket_open(inject->interface);
	if (fd < 0)
		return fd;
	status = send_all(inject, &captured, fd);
	close(fd);
	if (!status)
		printf("%u\n", inject->sent);
	return status;
}

static int usage(void)
{
	fprintf(stderr, "usage: inject --capture FILE --as WHAT [OPTION...] PORT\nWHAT is one of:");
	for (size_t i = 0; forge_name(i); i++)
		fprintf(stderr, " %s", forge_name(i));
	fprintf(stderr, "\n");
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct inject inject = {.count = 1, .filter = {.cast = -1}, .forge = {.vni = 100}};
	int option, status;

	memset(inject.forge.inner_mac, 0xff, 6);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (take_option(&inject, option))
			return usage();
	}
	if (!inject.capture || !inject.function || optind != argc - 1 ||
	    (inject.function == forge_find("flood") && !inject.forge.member_count))
		return usage();
	inject.interface = argv[optind];
	status = run(&inject);
	if (status)
		fprintf(stderr, "inject: %s: %s\n", inject.interface, strerror(-status));
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
