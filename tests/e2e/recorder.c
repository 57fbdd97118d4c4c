/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * recorder: the oracles' eye on the switch. Listens on the switch's ports to what hosts send.
 *
 *   recorder [OPTION...] --output FILE PORT...
 *
 * SIGUSR1 writes the report (its "snapshot" number grows), SIGTERM writes it and ends.
 */

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "ring.h"
#include "seen.h"

struct recorder {
	struct seen seen;
	struct ring rings[SEEN_PORTS_MAX];
	unsigned ring_count;
	const char *output;
	const char *pcap;
	unsigned snapshots;
};

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},       {"pcap", required_argument, NULL, 'p'},
	{"canary", required_argument, NULL, 'c'},       {"vpe-port", required_argument, NULL, 'u'},
	{"vxlan-port", required_argument, NULL, 'x'},   {"gkm-port", required_argument, NULL, 'g'},
	{"vpe-protocol", required_argument, NULL, 'i'}, {0},
};

static int add_canary(struct seen *seen, const char *text)
{
	struct seen_canary *canary = &seen->canaries[seen->canary_count];

	if (seen->canary_count == SEEN_CANARIES_MAX)
		return -ENOSPC;
	canary->len = wire_hex(text, canary->bytes, sizeof(canary->bytes));
	if (canary->len < SEEN_CANARY_MIN)
		return -EINVAL;
	seen->canary_count++;
	return 0;
}

static int take_option(struct recorder *recorder, int option)
{
	struct wire_ports *ports = &recorder->seen.ports;

	switch (option) {
	case 'o':
		recorder->output = optarg;
		return 0;
	case 'p':
		recorder->pcap = optarg;
		return 0;
	case 'c':
		return add_canary(&recorder->seen, optarg);
	case 'u':
		ports->vpe = (uint16_t)atoi(optarg);
		return 0;
	case 'x':
		ports->vxlan = (uint16_t)atoi(optarg);
		return 0;
	case 'g':
		ports->gkm = (uint16_t)atoi(optarg);
		return 0;
	case 'i':
		ports->vpe_protocol = (uint8_t)atoi(optarg);
		return 0;
	}
	return -EINVAL;
}

static int open_rings(struct recorder *recorder, char **names, int count)
{
	for (int i = 0; i < count; i++) {
		int status = ring_open(&recorder->rings[i], names[i]);

		if (status) {
			fprintf(stderr, "recorder: %s: %s\n", names[i], strerror(-status));
			return status;
		}
		recorder->ring_count++;
	}
	return 0;
}

static int setup(struct recorder *recorder, int argc, char **argv)
{
	int option;

	recorder->seen.ports = (struct wire_ports)WIRE_PORTS_DEFAULT;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (take_option(recorder, option)) {
			fprintf(stderr, "recorder: bad option or value\n");
			return -EINVAL;
		}
	}
	if (!recorder->output || optind == argc || argc - optind > SEEN_PORTS_MAX) {
		fprintf(stderr, "usage: recorder [OPTION...] --output FILE PORT...\n");
		return -EINVAL;
	}
	if (quads_init(&recorder->seen.quads))
		return -ENOMEM;
	return open_rings(recorder, argv + optind, argc - optind);
}

static void note(void *arg, unsigned ring, const uint8_t *frame, size_t len)
{
	seen_note(arg, ring, frame, len);
}

static void drain(struct recorder *recorder)
{
	for (unsigned i = 0; i < recorder->ring_count; i++)
		ring_drain(&recorder->rings[i], i, note, &recorder->seen);
}

/* The report counts what came in before it was asked for: let the kernel hand over part-filled
 * blocks first. */
static int report(struct recorder *recorder)
{
	const struct timespec blocks = {.tv_nsec = 4 * RING_BLOCK_TIMEOUT_MS * 1000000};
	int status = 0;

	nanosleep(&blocks, NULL);
	drain(recorder);
	for (unsigned i = 0; i < recorder->ring_count && !status; i++)
		status = ring_read_drops(&recorder->rings[i]);
	if (!status && recorder->pcap)
		status = seen_write_pcap(&recorder->seen, recorder->pcap);
	if (!status)
		status = report_write(&recorder->seen, recorder->rings, recorder->ring_count,
				      recorder->snapshots++, recorder->output);
	if (status)
		fprintf(stderr, "recorder: %s: %s\n", recorder->output, strerror(-status));
	return status;
}

static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int run(struct recorder *recorder, int signals)
{
	struct pollfd fds[SEEN_PORTS_MAX + 1] = {{.fd = signals, .events = POLLIN}};
	struct signalfd_siginfo info;
	int status;

	for (unsigned i = 0; i < recorder->ring_count; i++)
		fds[i + 1] = (struct pollfd){.fd = recorder->rings[i].fd, .events = POLLIN};
	for (status = report(recorder); !status;) {
		if (poll(fds, recorder->ring_count + 1, -1) < 0 && errno != EINTR)
			return -errno;
		drain(recorder);
		if (!(fds[0].revents & POLLIN))
			continue;
		if (read(signals, &info, sizeof(info)) != sizeof(info))
			return -EIO;
		status = report(recorder);
		if (info.ssi_signo != SIGUSR1)
			break;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int signals = signals_open();
	int status = -ENOMEM;

	if (recorder && signals >= 0) {
		status = setup(recorder, argc, argv);
		if (!status)
			status = run(recorder, signals);
		for (unsigned i = 0; i < recorder->ring_count; i++)
			ring_close(&recorder->rings[i]);
		quads_free(&recorder->seen.quads);
	}
	free(recorder);
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
