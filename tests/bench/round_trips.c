/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * round-trips: how long a UDP request and its answer take at light load, one request at a time.
 *
 *   round-trips answer --port P
 *   round-trips ask    --to ADDRESS --port P [--count N] [--interval-us T] [--size BYTES]
 *
 * `answer` runs until a signal ends it. `ask` sends every T microseconds and prints one JSON
 * object:
 * {"sent", "lost", "p50_us", "p90_us", "p99_us", "max_us"}. What takes longer than a second is
 * lost.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MIN 16 /* number and time */
#define REQUEST_MAX 1400
#define COUNT_MAX   10000000u
#define PATIENCE_S  1
#define NS_PER_S    1000000000ull
#define PERCENT     100

struct options {
	struct sockaddr_in to;
	uint16_t port;
	unsigned count;
	unsigned interval_us;
	unsigned size;
};

struct trips {
	uint64_t *ns; /* of those answered */
	unsigned sent, answered;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec at = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static int failed(const char *what)
{
	int status = -errno;

	fprintf(stderr, "round-trips: %s: %s\n", what, strerror(-status));
	return status;
}

/* --- the side that answers ------------------------------------------------------------------ */

static int answer(const struct options *options)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(options->port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return failed("cannot listen");
	for (;;) {
		uint8_t request[REQUEST_MAX];
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t size = recvfrom(fd, request, sizeof(request), 0, (struct sockaddr *)&from,
					&from_len);

		if (size >= 0)
			sendto(fd, request, (size_t)size, 0, (struct sockaddr *)&from, from_len);
		else if (errno != EINTR && errno != ECONNREFUSED)
			return failed("cannot receive");
	}
}

/* --- the side that asks --------------------------------------------------------------------- */

/* The answer to request `number`, skipping late ones to earlier requests. */
static int await(int fd, uint64_t number, uint64_t deadline)
{
	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		uint64_t now = now_ns(), got = 0;
		int left_ms = now < deadline ? (int)((deadline - now) / 1000000) + 1 : 0;
		int ready = left_ms ? poll(&poll_fd, 1, left_ms) : 0;

		if (ready == 0)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return failed("cannot wait");
		if (recv(fd, &got, sizeof(got), MSG_TRUNC | MSG_DONTWAIT) >= REQUEST_MIN &&
		    got == number)
			return 0;
	}
}

static int ask_all(const struct options *options, int fd, struct trips *trips)
{
	uint64_t next = now_ns();
	uint8_t request[REQUEST_MAX] = {0};

	for (uint64_t number = 1; trips->sent < options->count; number++) {
		uint64_t start;
		int status;

		sleep_until(next);
		start = now_ns();
		memcpy(request, &number, sizeof(number));
		if (send(fd, request, options->size, 0) < 0 && errno != ECONNREFUSED)
			return failed("cannot send");
		trips->sent++;
		status = await(fd, number, start + PATIENCE_S * NS_PER_S);
		if (!status)
			trips->ns[trips->answered++] = now_ns() - start;
		else if (status != -ETIMEDOUT)
			return status;
		/* What was missed meanwhile is not made up for: that would be a burst. */
		next += options->interval_us * 1000ull;
		if (next < now_ns())
			next = now_ns();
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest value that so many percent of all do not exceed. */
static double percentile(const struct trips *trips, unsigned percent)
{
	unsigned rank = (unsigned)(((uint64_t)trips->answered * percent + PERCENT - 1) / PERCENT);

	return (double)trips->ns[rank - 1] / 1000;
}

static int report(const struct trips *trips)
{
	if (trips->answered == 0) {
		fprintf(stderr, "round-trips: no answer to %u requests\n", trips->sent);
		return -ETIMEDOUT;
	}
	qsort(trips->ns, trips->answered, sizeof(*trips->ns), compare);
	printf("{\"sent\":%u,\"lost\":%u,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,"
	       "\"max_us\":%.1f}\n",
	       trips->sent, trips->sent - trips->answered, percentile(trips, 50),
	       percentile(trips, 90), percentile(trips, 99), percentile(trips, 100));
	return 0;
}

static int ask(const struct options *options)
{
	struct trips trips = {.ns = calloc(options->count, sizeof(*trips.ns))};
	struct sockaddr_in to = options->to;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status;

	to.sin_family = AF_INET;
	to.sin_port = htons(options->port);
	if (!trips.ns || fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		status = failed("cannot ask");
	else
		status = ask_all(options, fd, &trips);
	if (!status)
		status = report(&trips);
	if (fd >= 0)
		close(fd);
	free(trips.ns);
	return status;
}

/* --- options -------------------------------------------------------------------------------- */

static int take_number(unsigned min, unsigned max, unsigned *ret_number)
{
	char *end;
	unsigned long number = strtoul(optarg, &end, 10);

	if (*end || end == optarg || number < min || number > max)
		return -EINVAL;
	*ret_number = (unsigned)number;
	return 0;
}

static int take_option(struct options *options, int option)
{
	unsigned port;

	switch (option) {
	case 'a':
		return inet_pton(AF_INET, optarg, &options->to.sin_addr) == 1 ? 0 : -EINVAL;
	case 'p':
		if (take_number(1, UINT16_MAX, &port))
			return -EINVAL;
		options->port = (uint16_t)port;
		return 0;
	case 'n':
		return take_number(1, COUNT_MAX, &options->count);
	case 't':
		return take_number(0, 1000000, &options->interval_us);
	case 's':
		return take_number(REQUEST_MIN, REQUEST_MAX, &options->size);
	}
	return -EINVAL;
}

static int usage(void)
{
	fprintf(stderr, "usage: round-trips answer --port P\n"
			"       round-trips ask --to ADDRESS --port P [--count N] "
			"[--interval-us T] [--size BYTES]\n");
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{"to", required_argument, NULL, 'a'},
		{"port", required_argument, NULL, 'p'},
		{"count", required_argument, NULL, 'n'},
		{"interval-us", required_argument, NULL, 't'},
		{"size", required_argument, NULL, 's'},
		{0},
	};
	struct options options = {.count = 2000, .interval_us = 1000, .size = 64};
	int option, status = 0;

	while (!status && (option = getopt_long(argc, argv, "", names, NULL)) != -1)
		status = take_option(&options, option);
	if (status || !options.port || optind != argc - 1)
		return usage();
	if (strcmp(argv[optind], "answer") == 0)
		status = answer(&options);
	else if (strcmp(argv[optind], "ask") == 0 && options.to.sin_addr.s_addr)
		status = ask(&options);
	else
		return usage();
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
