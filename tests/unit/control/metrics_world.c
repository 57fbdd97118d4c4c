/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <clock.h>
#include <cmocka.h>
#include <covey/limits.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../free_port.h"

#define CROWD      1000
#define HELD_UP_MS UINT64_C(100)

static void told(const char *place, const char *why, void *arg)
{
	struct world *world = arg;

	world->told++;
	snprintf(world->why, sizeof(world->why), "%s", why ? why : "");
}

int serve(struct world *world, void (*fill)(struct metrics_page *page, void *arg))
{
	struct covey_error error;

	world->config.base = world->base;
	world->config.place = world->place;
	world->config.fill = fill;
	world->config.told = told;
	world->config.arg = world;
	return metrics_open(&world->config, &world->server, &error);
}

struct world *world_new(const char *place)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->base = event_base_new();
	assert_non_null(world->base);
	if (place)
		snprintf(world->place, sizeof(world->place), "%s", place);
	else
		snprintf(world->place, sizeof(world->place), "127.0.0.1:%u", free_port());
	return world;
}

/* libevent frees what it closes in later turns. */
void world_free(struct world *world)
{
	metrics_close(world->server);
	for (int i = 0; i < 4; i++)
		event_base_loop(world->base, EVLOOP_NONBLOCK);
	event_base_free(world->base);
	free(world);
}

int begin(const struct world *world)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	address.sin_port = htons((uint16_t)atoi(strchr(world->place, ':') + 1));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		assert_int_equal(errno, EINPROGRESS);
	return fd;
}

int begin_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void turn(struct world *world)
{
	uint64_t since_ms = clock_ms() - world->turned_ms;

	if (since_ms > world->held_ms)
		world->held_ms = since_ms;
	world->turned_ms = clock_ms();
	event_base_loop(world->base, EVLOOP_NONBLOCK);
	usleep(200);
}

void say(struct world *world, int fd, const char *text, size_t len)
{
	uint64_t end = clock_ms() + PATIENCE_MS;
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(fd, text + done, len - done, MSG_NOSIGNAL);

		assert_true(clock_ms() < end);
		if (n > 0)
			done += (size_t)n;
		else if (errno != EAGAIN && errno != ENOTCONN)
			return;
		turn(world);
	}
}

const char *hear(struct world *world, int fd)
{
	uint64_t end = clock_ms() + PATIENCE_MS;

	world->len = 0;
	for (;;) {
		ssize_t n = recv(fd, world->answer + world->len,
				 sizeof(world->answer) - world->len - 1, 0);

		assert_true(clock_ms() < end);
		if (n > 0)
			world->len += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != ENOTCONN))
			break;
		turn(world);
	}
	world->answer[world->len] = '\0';
	close(fd);
	return world->answer;
}

const char *ask(struct world *world, const char *request)
{
	int fd = begin(world);

	say(world, fd, request, strlen(request));
	return hear(world, fd);
}

/* In a crowd, who does not send the request within a quarter of a second is cut. A busy machine may
 * hold us up for as long, between accepting and sending: then ask again. */
static const char *ask_in_crowd(struct world *world, const char *request)
{
	const char *answer;

	do {
		world->held_ms = 0;
		world->turned_ms = clock_ms();
		answer = ask(world, request);
	} while (answer[0] == '\0' && world->held_ms >= HELD_UP_MS);
	return answer;
}

unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

void crowd_of(struct world *world, const char *text, const char *request, const char *wanted)
{
	unsigned before = count_descriptors();
	int fds[CROWD];

	for (int i = 0; i < CROWD; i++) {
		fds[i] = begin(world);
		if (text)
			send(fds[i], text, strlen(text), MSG_NOSIGNAL);
		event_base_loop(world->base, EVLOOP_NONBLOCK);
		assert_true(count_descriptors() <=
			    before + (unsigned)i + 1 + COVEY_METRICS_CLIENTS_MAX);
	}
	assert_non_null(strstr(ask_in_crowd(world, request), wanted));
	for (int i = 0; i < CROWD; i++)
		close(fds[i]);
}

void allow_crowds(void)
{
	const struct rlimit limit = {4096, 4096};

	setrlimit(RLIMIT_NOFILE, &limit);
}
