/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What the metrics server has for browsers: files, and the status as JSON. Who may have it, and
 * what clients may not do to the program that it is in.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <clock.h>
#include <cmocka.h>
#include <covey/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "metrics_world.h"

#define HOST       "Host: 127.0.0.1\r\n\r\n"
#define GET_PAGE   "GET / HTTP/1.1\r\n" HOST
#define GET_STATUS "GET /status.json HTTP/1.1\r\n" HOST
#define SLOW_MS    100
#define HELD_UP_MS 2000
/* For each of a crowd; the kernel may keep all of it, and has memory for other tests, too. */
#define LARGE ((size_t)256 << 10)

static const struct metrics_file files[] = {
	{"/", "text/html; charset=utf-8", "<!doctype html>", 15},
	{"/page.js", "text/javascript; charset=utf-8", "let x;", 6},
};

static void fill_one(struct metrics_page *page, void *arg)
{
	static const struct metrics_family family = {"t", METRICS_GAUGE, NULL, "One."};

	metrics_one(page, &family, 1);
}

/* Counts how often it is asked, for the metrics are not. */
static char *small_status(void *arg)
{
	struct world *world = arg;

	world->fills++;
	return strdup("{\"ok\":true}");
}

static struct world *serve_status(char *(*status)(void *arg), const char *place)
{
	struct world *world = world_new(place);

	world->config.files = files;
	world->config.file_count = 2;
	world->config.status = status;
	assert_int_equal(serve(world, fill_one), 0);
	assert_string_equal(world->why, "");
	return world;
}

static void assert_has(const char *answer, const char *part)
{
	if (!strstr(answer, part))
		fail_msg("\"%s\" is not in: %.2000s", part, answer);
}

/* Of each answer, so that no page of strangers reads, frames or extends it. */
static void assert_strict(const char *answer)
{
	assert_has(answer, "\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; ");
	assert_has(answer, "frame-ancestors 'none'\r\n");
	assert_has(answer, "\r\nX-Content-Type-Options: nosniff\r\n");
	assert_has(answer, "\r\nCross-Origin-Resource-Policy: same-origin\r\n");
	assert_has(answer, "\r\nCache-Control: no-store\r\n");
	assert_null(strstr(answer, "Access-Control"));
	assert_null(strstr(answer, "unsafe"));
}

static void files_and_status(void **state)
{
	struct world *world = serve_status(small_status, NULL);
	const char *answer = ask(world, GET_PAGE);

	assert_memory_equal(answer, "HTTP/1.1 200 OK\r\n", 17);
	assert_strict(answer);
	assert_has(answer, "\r\nContent-Type: text/html; charset=utf-8\r\n");
	assert_has(answer, "\r\n\r\n<!doctype html>");
	answer = ask(world, "GET /page.js?x=1 HTTP/1.1\r\n" HOST);
	assert_has(answer, "\r\nContent-Type: text/javascript; charset=utf-8\r\n");
	assert_has(answer, "\r\n\r\nlet x;");
	answer = ask(world, GET_STATUS);
	assert_strict(answer);
	assert_has(answer, "\r\nContent-Type: application/json\r\n");
	assert_has(answer, "\r\n\r\n{\"ok\":true}");
	assert_has(ask(world, "GET /metrics HTTP/1.1\r\n" HOST), " 200 OK\r\n");
	answer = ask(world, "GET /page.js/../../etc/passwd HTTP/1.1\r\n" HOST);
	assert_has(answer, " 404 ");
	assert_has(answer, "The status page is at /, and the metrics are at /metrics.");
	world_free(world);
}

static void only_get_and_head(void **state)
{
	static const char *const methods[] = {"POST",    "PUT",   "DELETE",
					      "OPTIONS", "PATCH", "PROPFIND"};
	struct world *world = serve_status(small_status, NULL);
	const char *answer = ask(world, "HEAD / HTTP/1.1\r\n" HOST);
	char request[128];

	assert_memory_equal(answer, "HTTP/1.1 200 OK\r\n", 17);
	assert_strict(answer);
	assert_has(answer, "\r\nContent-Length: 15\r\n");
	assert_null(strstr(answer, "doctype"));
	assert_null(strstr(ask(world, "HEAD /metrics HTTP/1.1\r\n" HOST), "TYPE"));
	assert_null(strstr(ask(world, "HEAD /none HTTP/1.1\r\n" HOST), "are at"));
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		snprintf(request, sizeof(request), "%s /status.json HTTP/1.1\r\n" HOST, methods[i]);
		assert_null(strstr(ask(world, request), " 200 "));
	}
	assert_int_equal(world->fills, 0);
	world_free(world);
}

/* A name of a stranger that leads to loopback is not ours, though the connection is. */
static void only_by_own_names(void **state)
{
	static const char *const own[] = {"127.0.0.1",  "127.0.0.1:9799", "127.9.9.9:1",   "[::1]",
					  "[::1]:9799", "localhost",      "LOCALHOST:8080"};
	static const char *const strange[] = {"evil.example",
					      "localhost.evil.example",
					      "127.0.0.1.evil.example:9799",
					      "10.0.0.1",
					      "[::2]",
					      "[::1].evil.example",
					      "[::1",
					      "::1evil",
					      "localhost@evil.example",
					      "",
					      "128.0.0.1",
					      "[::ffff:10.0.0.1]"};
	struct world *world = serve_status(small_status, NULL);
	char request[256];

	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		snprintf(request, sizeof(request), "GET /status.json HTTP/1.1\r\nHost: %s\r\n\r\n",
			 strange[i]);
		assert_has(ask(world, request), " 403 ");
		assert_has(world->answer, "Ask for it by the address 127.0.0.1");
		assert_strict(world->answer);
	}
	assert_has(ask(world, "GET / HTTP/1.0\r\n\r\n"), " 403 ");
	assert_int_equal(world->fills, 0);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", own[i]);
		assert_has(ask(world, request), " 200 ");
	}
	world_free(world);
}

/* No browser comes by a Unix socket; who does needs no name. */
static void a_unix_socket(void **state)
{
	static const char request[] = "GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n";
	char path[] = "/tmp/covey-metrics.XXXXXX", place[128], file[64];
	struct world *world;
	int fd;

	assert_non_null(mkdtemp(path));
	snprintf(file, sizeof(file), "%s/sock", path);
	snprintf(place, sizeof(place), "unix:%s", file);
	world = serve_status(small_status, place);
	fd = begin_unix(file);
	say(world, fd, request, strlen(request));
	assert_has(hear(world, fd), "{\"ok\":true}");
	world_free(world);
	assert_int_equal(rmdir(path), 0);
}

static char *no_status(void *arg)
{
	return NULL;
}

static void no_memory_for_it(void **state)
{
	struct world *world = serve_status(no_status, NULL);

	assert_has(ask(world, GET_STATUS), " 503 ");
	assert_has(world->answer, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
	assert_null(strstr(world->answer, "application/json"));
	assert_has(ask(world, GET_PAGE), " 200 ");
	world_free(world);
}

static uint64_t spent_ms(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return (uint64_t)spent.tv_sec * 1000 + (uint64_t)spent.tv_nsec / 1000000;
}

static char *slow_status(void *arg)
{
	uint64_t begun = spent_ms();

	while (spent_ms() - begun <= SLOW_MS)
		continue;
	return small_status(arg);
}

/* However many ask, and however much it takes: the program has time for its work. */
static void a_status_that_takes_long_is_kept(void **state)
{
	struct world *world = serve_status(slow_status, NULL);
	uint64_t begun = clock_ms(), took;

	for (int i = 0; i < 50; i++)
		assert_has(ask(world, GET_STATUS), "{\"ok\":true}");
	took = clock_ms() - begun;
	assert_true(world->fills >= 1 &&
		    world->fills <= 1 + took / ((uint64_t)SLOW_MS * COVEY_METRICS_SHARE));
	world_free(world);
}

static char *late_status(void *arg)
{
	usleep(HELD_UP_MS * 1000);
	return small_status(arg);
}

/* As on a machine that was suspended meanwhile. */
static void a_status_that_was_held_up_is_not_kept(void **state)
{
	struct world *world = serve_status(late_status, NULL);
	uint64_t made_ms;

	assert_has(ask(world, GET_STATUS), "{\"ok\":true}");
	made_ms = clock_ms();
	while (world->fills == 1)
		assert_has(ask(world, GET_STATUS), "{\"ok\":true}");
	assert_true(clock_ms() - made_ms < (uint64_t)HELD_UP_MS * COVEY_METRICS_SHARE);
	world_free(world);
}

static void garbage(void **state)
{
	static const char *const requests[] = {
		"GET /status.json\r\n\r\n",
		"GET /status.json HTTP/1.1\r\nHost: \xff\x01[]:::\r\n\r\n",
		"GET /status.json HTTP/1.1\r\nHost: [\r\n\r\n",
		"GET /status.json HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
		"GET http://evil.example/ HTTP/1.1\r\n\r\n",
		"GET //status.json HTTP/1.1\r\n" HOST,
		"GET /%00 HTTP/1.1\r\n" HOST,
		"GET /%2e%2e/ HTTP/1.1\r\n" HOST,
		"GET * HTTP/1.1\r\n" HOST,
		"HEAD\r\n\r\n",
		"POST /status.json HTTP/1.1\r\nContent-Length: 9\r\n" HOST "{}",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
	};
	struct world *world = serve_status(small_status, NULL);

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		int fd = begin(world);

		say(world, fd, requests[i], strlen(requests[i]));
		shutdown(fd, SHUT_WR);
		hear(world, fd);
	}
	assert_has(ask(world, GET_STATUS), "{\"ok\":true}");
	world_free(world);
}

static char *large_status(void *arg)
{
	char *text = malloc(LARGE + 1);

	assert_non_null(text);
	memset(text, ' ', LARGE);
	memcpy(text, "{\"ok\":true}", 11);
	text[LARGE] = '\0';
	return text;
}

/* What a crowd does before it has asked is the same for all that is served: test_metrics.c. */
static void a_crowd_that_asks_and_does_not_read(void **state)
{
	struct world *world = serve_status(large_status, NULL);

	crowd_of(world, GET_STATUS, GET_PAGE, "<!doctype html>");
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_status),
		cmocka_unit_test(only_get_and_head),
		cmocka_unit_test(only_by_own_names),
		cmocka_unit_test(a_unix_socket),
		cmocka_unit_test(no_memory_for_it),
		cmocka_unit_test(a_status_that_takes_long_is_kept),
		cmocka_unit_test(a_status_that_was_held_up_is_not_kept),
		cmocka_unit_test(garbage),
		cmocka_unit_test(a_crowd_that_asks_and_does_not_read),
	};

	allow_crowds();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
