/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * inject: an attacker on the fabric. Takes a VPE packet that the recorder captured, changes it,
 * sends it, and says how many he sent.
 *
 *   inject --capture FILE --as WHAT [--from IP] [--to IP] [--cast 0|1] [--first] [--count N]
 *          [--address IP] [--mac MAC] [--sender-id N] [--vni N] [--canary HEX] [--inner-mac MAC]
 * PORT
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture.h"
#include "forge.h"
#include "socket.h"

struct inject {
	const char *capture;
	const char *interface;
	forge_function *function;
	struct capture_filter filter;
	struct forge forge;
	uint32_t count;
};

static const struct option options[] = {
	{"capture", required_argument, NULL, 'p'},   {"as", required_argument, NULL, 'w'},
	{"from", required_argument, NULL, 'f'},      {"to", required_argument, NULL, 't'},
	{"cast", required_argument, NULL, 'k'},      {"first", no_argument, NULL, '1'},
	{"count", required_argument, NULL, 'n'},     {"address", required_argument, NULL, 'a'},
	{"mac", required_argument, NULL, 'm'},       {"sender-id", required_argument, NULL, 's'},
	{"vni", required_argument, NULL, 'v'},       {"canary", required_argument, NULL, 'c'},
	{"inner-mac", required_argument, NULL, 'i'}, {0},
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
	case '1':
		inject->filter.first = true;
		return 0;
	case 'n':
		inject->count = (uint32_t)atoi(optarg);
		return 0;
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

static int send_all(struct inject *inject, const struct captured *captured, int fd)
{
	struct captured changed;
	uint8_t mac[6];
	int err = own_mac(fd, inject->interface, mac);

	for (uint32_t turn = 0; !err && turn < inject->count; turn++) {
		changed = *captured;
		inject->forge.turn = turn;
		inject->function(&inject->forge, &changed);
		memcpy(changed.frame + 6, mac, 6);
		if (send(fd, changed.frame, changed.len, 0) != (ssize_t)changed.len)
			err = -errno;
	}
	return err;
}

static int run(struct inject *inject)
{
	struct captured captured;
	int err = capture_find(inject->capture, &inject->filter, &captured);
	int fd;

	if (err) {
		fprintf(stderr, "inject: no such packet in %s: %s\n", inject->capture,
			strerror(-err));
		return err;
	}
	fd = socket_open(inject->interface);
	if (fd < 0)
		return fd;
	err = send_all(inject, &captured, fd);
	close(fd);
	if (!err)
		printf("%u\n", inject->count);
	return err;
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
	int option, err;

	memset(inject.forge.inner_mac, 0xff, 6);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (take_option(&inject, option))
			return usage();
	}
	if (!inject.capture || !inject.function || optind != argc - 1)
		return usage();
	inject.interface = argv[optind];
	err = run(&inject);
	if (err)
		fprintf(stderr, "inject: %s: %s\n", inject.interface, strerror(-err));
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
