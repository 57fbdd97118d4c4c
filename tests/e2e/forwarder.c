/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * forwarder: a wire between two interfaces that misbehaves. What comes in at SWITCH_SIDE goes out
 * at HOST_SIDE with its VPE packets impaired; the other way, and all else, passes unchanged.
 *
 *   forwarder --output FILE [--seed N] [--drop N] [--duplicate N] [--hold N] [--flip N]
 *             [--truncate N] [--readdress N] [--delay-us N] [--hold-us N] HOST_SIDE SWITCH_SIDE
 *
 * N of the impairments: packets in 1000. SIGUSR1 writes the report, SIGUSR2 sends the last VPE
 * packets once more, SIGTERM writes the report and ends.
 */

#include "impair.h"
#include "queue.h"
#include "socket.h"
#include "wire.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REPLAYS 64

struct forwarder {
	struct impair impair;
	struct queue queue;
	uint64_t delay_ns, hold_ns;
	const char *output;
	int host, fabric, signals;
	unsigned snapshots;
	uint64_t vpe, replayed, lost;
	struct queued recent[REPLAYS]; /* the last VPE packets, as they came in */
};

static const struct option options[] = {
	{"drop", required_argument, NULL, IMPAIR_DROP},
	{"duplicate", required_argument, NULL, IMPAIR_DUPLICATE},
	{"hold", required_argument, NULL, IMPAIR_HOLD},
	{"flip", required_argument, NULL, IMPAIR_FLIP},
	{"truncate", required_argument, NULL, IMPAIR_TRUNCATE},
	{"readdress", required_argument, NULL, IMPAIR_READDRESS},
	{"seed", required_argument, NULL, 's'},
	{"delay-us", required_argument, NULL, 'd'},
	{"hold-us", required_argument, NULL, 'h'},
	{"output", required_argument, NULL, 'o'},
	{0},
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void put(struct forwarder *forwarder, int fd, const uint8_t *frame, size_t len)
{
	if (send(fd, frame, len, 0) != (ssize_t)len)
		forwarder->lost++;
}

static void put_later(struct forwarder *forwarder, uint64_t after_ns, const uint8_t *frame,
		      size_t len)
{
	if (!after_ns)
		put(forwarder, forwarder->host, frame, len);
	else if (queue_add(&forwarder->queue, now_ns() + after_ns, frame, len))
		forwarder->lost++;
}

static void remember(struct forwarder *forwarder, const uint8_t *frame, size_t len)
{
	struct queued *slot = &forwarder->recent[forwarder->vpe++ % REPLAYS];

	slot->len = len <= sizeof(slot->bytes) ? len : 0;
	memcpy(slot->bytes, frame, slot->len);
}

static void impair_and_put(struct forwarder *forwarder, uint8_t *frame, size_t len)
{
	const struct wire_ports ports = WIRE_PORTS_DEFAULT;
	struct wire_packet packet;
	enum impairment impairment;

	wire_parse(frame, len, &ports, &packet);
	if (packet.kind != WIRE_VPE || packet.vpe_short) {
		put(forwarder, forwarder->host, frame, len);
		return;
	}
	remember(forwarder, frame, len);
	impairment = impair_choose(&forwarder->impair);
	if (impairment == IMPAIR_DROP)
		return;
	len = impair_frame(&forwarder->impair, impairment, frame, len, &packet);
	put_later(forwarder,
		  forwarder->delay_ns + (impairment == IMPAIR_HOLD ? forwarder->hold_ns : 0), frame,
		  len);
	if (impairment == IMPAIR_DUPLICATE)
		put_later(forwarder, forwarder->delay_ns, frame, len);
}

static void carry(struct forwarder *forwarder, int from)
{
	uint8_t frame[QUEUE_FRAME_MAX];
	ssize_t len;

	while ((len = recv(from, frame, sizeof(frame), MSG_TRUNC)) > 0) {
		if (len > (ssize_t)sizeof(frame))
			forwarder->lost++;
		else if (from == forwarder->host)
			put(forwarder, forwarder->fabric, frame, (size_t)len);
		else
			impair_and_put(forwarder, frame, (size_t)len);
	}
}

static void put_due(struct forwarder *forwarder)
{
	struct queued *frame;

	while ((frame = queue_take(&forwarder->queue, now_ns()))) {
		put(forwarder, forwarder->host, frame->bytes, frame->len);
		free(frame);
	}
}

static void replay(struct forwarder *forwarder)
{
	for (size_t i = 0; i < REPLAYS; i++) {
		if (!forwarder->recent[i].len)
			continue;
		put(forwarder, forwarder->host, forwarder->recent[i].bytes,
		    forwarder->recent[i].len);
		forwarder->replayed++;
	}
}

static int report(struct forwarder *forwarder)
{
	const struct impair *impair = &forwarder->impair;
	char temporary[4096];
	FILE *file;

	snprintf(temporary, sizeof(temporary), "%s.new", forwarder->output);
	file = fopen(temporary, "we");
	if (!file)
		return -errno;
	fprintf(file,
		"{\"snapshot\":%u,\"vpe\":%" PRIu64 ",\"replayed\":%" PRIu64 ",\"lost\":%" PRIu64
		",\"waiting\":%zu,\"truncated_in_header\":%" PRIu64,
		forwarder->snapshots++, forwarder->vpe, forwarder->replayed, forwarder->lost,
		forwarder->queue.count, impair->truncated_in_header);
	for (int i = 0; i < IMPAIRMENTS; i++)
		fprintf(file, ",\"%s\":%" PRIu64, impairment_names[i], impair->done[i]);
	fputs("}\n", file);
	return fclose(file) || rename(temporary, forwarder->output) ? -errno : 0;
}

/* 1 to go on, 0 to end, or negative errno. */
static int take_signal(struct forwarder *forwarder)
{
	struct signalfd_siginfo info;
	int status;

	if (read(forwarder->signals, &info, sizeof(info)) != sizeof(info))
		return 1;
	if (info.ssi_signo == SIGUSR2)
		replay(forwarder);
	status = report(forwarder);
	return status ? status : info.ssi_signo != SIGTERM && info.ssi_signo != SIGINT;
}

static int run(struct forwarder *forwarder)
{
	struct pollfd fds[] = {{.fd = forwarder->host, .events = POLLIN},
			       {.fd = forwarder->fabric, .events = POLLIN},
			       {.fd = forwarder->signals, .events = POLLIN}};
	int more = report(forwarder) ? -EIO : 1;

	while (more > 0) {
		if (poll(fds, 3, forwarder->queue.count ? 1 : -1) < 0 && errno != EINTR)
			return -errno;
		carry(forwarder, forwarder->host);
		carry(forwarder, forwarder->fabric);
		put_due(forwarder);
		more = take_signal(forwarder);
	}
	return more;
}

static int take_option(struct forwarder *forwarder, int option)
{
	uint64_t value = strtoull(optarg, NULL, 10);

	if (option >= 0 && option < IMPAIRMENTS) {
		forwarder->impair.per_mille[option] = (uint32_t)value;
		return value <= 1000 ? 0 : -EINVAL;
	}
	switch (option) {
	case 's':
		forwarder->impair.state = value;
		return value ? 0 : -EINVAL;
	case 'd':
		forwarder->delay_ns = value * 1000;
		return 0;
	case 'h':
		forwarder->hold_ns = value * 1000;
		return 0;
	case 'o':
		forwarder->output = optarg;
		return 0;
	}
	return -EINVAL;
}

static int setup(struct forwarder *forwarder, int argc, char **argv)
{
	sigset_t set;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (take_option(forwarder, option))
			return -EINVAL;
	}
	if (!forwarder->output || optind != argc - 2)
		return -EINVAL;
	forwarder->host = socket_open(argv[optind]);
	forwarder->fabric = socket_open(argv[optind + 1]);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	forwarder->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return forwarder->host < 0     ? forwarder->host
	       : forwarder->fabric < 0 ? forwarder->fabric
				       : 0;
}

int main(int argc, char **argv)
{
	struct forwarder *forwarder = calloc(1, sizeof(*forwarder));
	int status = -ENOMEM;

	if (forwarder) {
		forwarder->impair.state = 1;
		forwarder->hold_ns = 2000000;
		status = setup(forwarder, argc, argv);
		if (!status)
			status = run(forwarder);
		queue_free(&forwarder->queue);
	}
	free(forwarder);
	if (status)
		fprintf(stderr, "forwarder: %s\n", strerror(-status));
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
