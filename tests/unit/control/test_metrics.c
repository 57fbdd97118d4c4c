/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The page of metrics in both formats, and the server: what its clients may not do to the program
 * that it is in.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <clock.h>
#include <cmocka.h>
#include <covey/limits.h>
#include <durations.h>
#include <errno.h>
#include <metrics_page.h>
#include <metrics_server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "metrics_world.h"

/* What the program may grow by; AddressSanitizer keeps what was freed. */
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_MAX_KIB (512 << 10)
#else
#define GROWTH_MAX_KIB 8192
#endif
#define GET "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_OPEN                                                                                   \
	"GET /metrics HTTP/1.1\r\nHost: x\r\n"                                                     \
	"Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n\r\n"

/* --- the page -------------------------------------------------------------------------------- */

static void fill_small(struct metrics_page *page, void *arg)
{
	static const struct metrics_family packets = {"t_packets", METRICS_COUNTER, NULL, "Some."};
	static const struct metrics_family bytes = {"t_bytes", METRICS_COUNTER, "bytes", "More."};
	static const struct metrics_family info = {"t", METRICS_INFO, NULL, "Who."};
	static const struct metrics_family used = {"t_used_ratio", METRICS_GAUGE, "ratio", "Part."};

	metrics_begin(page, &packets);
	metrics_add(page, METRICS_LABELS({"why", "a"}, {"how", "b"}), 7);
	metrics_add(page, METRICS_LABELS({"why", "c\\d\"e\nf\xff"}, {"how", ""}), UINT64_MAX);
	metrics_one(page, &bytes, 0);
	metrics_begin(page, &info);
	metrics_add(page, METRICS_LABELS({"name", "x"}), 1);
	metrics_begin(page, &used);
	metrics_add_ratio(page, METRICS_LABELS({"limit", "a"}), 1, 4);
	metrics_add_ratio(page, METRICS_LABELS({"limit", "b"}), 1, 0);
}

static char *text_of(enum metrics_format format, void (*fill)(struct metrics_page *page, void *arg),
		     void *arg)
{
	struct metrics_page page;

	metrics_page_init(&page, format);
	fill(&page, arg);
	assert_true(metrics_page_end(&page));
	return page.text;
}

/* By OpenMetrics 1.0, https://prometheus.io/docs/specs/om/open_metrics_spec/ */
static void openmetrics(void **state)
{
	char *text = text_of(METRICS_OPEN, fill_small, NULL);

	assert_string_equal(text, "# TYPE t_packets counter\n"
				  "# HELP t_packets Some.\n"
				  "t_packets_total{why=\"a\",how=\"b\"} 7\n"
				  "t_packets_total{why=\"c\\\\d\\\"e\\nf?\",how=\"\"} "
				  "18446744073709551615\n"
				  "# TYPE t_bytes counter\n"
				  "# UNIT t_bytes bytes\n"
				  "# HELP t_bytes More.\n"
				  "t_bytes_total 0\n"
				  "# TYPE t info\n"
				  "# HELP t Who.\n"
				  "t_info{name=\"x\"} 1\n"
				  "# TYPE t_used_ratio gauge\n"
				  "# UNIT t_used_ratio ratio\n"
				  "# HELP t_used_ratio Part.\n"
				  "t_used_ratio{limit=\"a\"} 0.25\n"
				  "t_used_ratio{limit=\"b\"} 0\n"
				  "# EOF\n");
	free(text);
}

/* By https://prometheus.io/docs/instrumenting/exposition_formats/ */
static void text_format(void **state)
{
	char *text = text_of(METRICS_TEXT, fill_small, NULL);

	assert_non_null(strstr(text, "# TYPE t_packets_total counter\n"
				     "# HELP t_packets_total Some.\n"
				     "t_packets_total{why=\"a\",how=\"b\"} 7\n"));
	assert_non_null(strstr(text, "# TYPE t_info gauge\n"));
	assert_null(strstr(text, "# UNIT"));
	assert_null(strstr(text, "# EOF"));
	free(text);
}

static void fill_durations(struct metrics_page *page, void *arg)
{
	static const struct metrics_family family = {"t_seconds", METRICS_HISTOGRAM, "seconds",
						     "Took."};

	metrics_begin(page, &family);
	metrics_add_durations(page, NULL, arg);
}

static void a_histogram(void **state)
{
	struct durations durations = {.sum_ms = 0};
	char *text;

	durations_add(&durations, 5);
	durations_add(&durations, 6);
	durations_add(&durations, 1000);
	durations_add(&durations, 500000);
	text = text_of(METRICS_OPEN, fill_durations, &durations);
	assert_non_null(strstr(text, "t_seconds_bucket{le=\"0.005\"} 1\n"
				     "t_seconds_bucket{le=\"0.01\"} 2\n"));
	assert_non_null(strstr(text, "t_seconds_bucket{le=\"0.5\"} 2\n"
				     "t_seconds_bucket{le=\"1.0\"} 3\n"
				     "t_seconds_bucket{le=\"2.5\"} 3\n"));
	assert_non_null(strstr(text, "t_seconds_bucket{le=\"120.0\"} 3\n"
				     "t_seconds_bucket{le=\"+Inf\"} 4\n"
				     "t_seconds_sum 501.011\n"
				     "t_seconds_count 4\n"));
	free(text);
}

static void fill_endless(struct metrics_page *page, void *arg)
{
	static const struct metrics_family family = {"t", METRICS_GAUGE, NULL, "Endless."};

	metrics_begin(page, &family);
	while (!page->failed)
		metrics_add(page, NULL, 1);
}

static void a_page_is_bounded(void **state)
{
	struct metrics_page page;

	metrics_page_init(&page, METRICS_TEXT);
	fill_endless(&page, NULL);
	assert_false(metrics_page_end(&page));
	assert_true(page.len < COVEY_METRICS_PAGE_MAX);
	free(page.text);
}

/* --- the server ------------------------------------------------------------------------------ */

static void count_fill(struct metrics_page *page, void *arg)
{
	struct world *world = arg;

	world->fills++;
	fill_small(page, NULL);
}

static void both_formats_are_served(void **state)
{
	struct world *world = world_new(NULL);
	const char *answer;

	assert_int_equal(serve(world, count_fill), 0);
	assert_int_equal(world->told, 1);
	assert_string_equal(world->why, "");
	answer = ask(world, GET_OPEN);
	assert_memory_equal(answer, "HTTP/1.1 200 OK\r\n", 17);
	assert_non_null(strstr(answer, "Content-Type: application/openmetrics-text; version=1.0.0; "
				       "charset=utf-8\r\n"));
	assert_non_null(strstr(answer, "Connection: close\r\n"));
	assert_non_null(strstr(answer, "\n# EOF\n"));
	answer = ask(world, GET);
	assert_non_null(
		strstr(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	assert_null(strstr(answer, "# EOF"));
	assert_non_null(strstr(ask(world, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), " 404 "));
	world_free(world);
}

static void a_unix_socket(void **state)
{
	char path[] = "/tmp/covey-metrics.XXXXXX", place[128], file[64];
	struct world *world;
	int fd;

	assert_non_null(mkdtemp(path));
	snprintf(file, sizeof(file), "%s/sock", path);
	snprintf(place, sizeof(place), "unix:%s", file);
	world = world_new(place);
	assert_int_equal(serve(world, count_fill), 0);
	fd = begin_unix(file);
	say(world, fd, GET, strlen(GET));
	assert_non_null(strstr(hear(world, fd), "t_bytes_total 0\n"));
	world_free(world);
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(rmdir(path), 0);
}

static void off(void **state)
{
	struct world *world = world_new("off");

	assert_int_equal(serve(world, count_fill), 0);
	assert_null(world->server);
	assert_int_equal(world->told, 0);
	world_free(world);
}

static void a_port_that_is_taken(void **state)
{
	struct world *first = world_new(NULL), *second = world_new(first->place);

	assert_int_equal(serve(first, count_fill), 0);
	assert_int_equal(serve(second, count_fill), 0);
	assert_int_equal(second->told, 1);
	assert_non_null(strstr(second->why, "Address already in use"));
	world_free(second);
	world_free(first);
}

/* However many ask, the page is not made each time. */
static void a_page_is_kept_for_a_moment(void **state)
{
	struct world *world = world_new(NULL);
	uint64_t begun, took;

	assert_int_equal(serve(world, count_fill), 0);
	begun = clock_ms();
	for (int i = 0; i < 100; i++)
		assert_non_null(strstr(ask(world, GET), "t_bytes_total 0\n"));
	took = clock_ms() - begun;
	assert_true(world->fills >= 1 && world->fills <= 1 + took / COVEY_METRICS_FRESH_MS);
	world_free(world);
}

static void garbage(void **state)
{
	static const char *const requests[] = {
		"\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET /metrics\r\n\r\n",
		"GET /metrics HTTP/9.9\r\n\r\n",
		"GET http://\x01\xff HTTP/1.1\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"BREW /metrics HTTP/1.1\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nno colon\r\n\r\n",
	};
	struct world *world = world_new(NULL);

	assert_int_equal(serve(world, count_fill), 0);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		int fd = begin(world);

		say(world, fd, requests[i], strlen(requests[i]));
		shutdown(fd, SHUT_WR);
		hear(world, fd);
	}
	assert_non_null(strstr(ask(world, GET), "t_bytes_total 0\n"));
	world_free(world);
}

static long resident_kib(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Megabytes of a header, of a body, or behind the request are not kept. */
static void requests_of_megabytes(void **state)
{
	static const char *const begins[] = {
		"GET /metrics HTTP/1.1\r\nX: ",
		"GET /",
		"POST /metrics HTTP/1.1\r\nContent-Length: 67108864\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nContent-Length: 67108864\r\n\r\n",
		GET,
	};
	const size_t len = 64u << 20;
	struct world *world = world_new(NULL);
	char *much = malloc(len);
	long before;

	assert_non_null(much);
	memset(much, 'a', len);
	assert_int_equal(serve(world, count_fill), 0);
	ask(world, GET);
	before = resident_kib();
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		int fd = begin(world);

		say(world, fd, begins[i], strlen(begins[i]));
		say(world, fd, much, len);
		hear(world, fd);
	}
	assert_true(resident_kib() - before < GROWTH_MAX_KIB);
	assert_non_null(strstr(ask(world, GET), "t_bytes_total 0\n"));
	free(much);
	world_free(world);
}

static void crowd(const char *text)
{
	struct world *world = world_new(NULL);

	assert_int_equal(serve(world, count_fill), 0);
	crowd_of(world, text, GET, "t_bytes_total 0\n");
	world_free(world);
}

static void a_crowd_that_says_nothing(void **state)
{
	crowd(NULL);
}

static void a_crowd_with_half_a_request(void **state)
{
	crowd("GET /metrics HTTP/1.1\r\nHos");
}

static void a_crowd_that_asks_and_does_not_read(void **state)
{
	crowd(GET);
}

/* The event loop is not kept from its other work for long, and clients that are dead are cut though
 * there is room for them. */
static void a_dead_client_is_cut(void **state)
{
	struct world *world = world_new(NULL);
	uint64_t begun;
	int fd;

	world->config.patience_ms = 500;
	assert_int_equal(serve(world, count_fill), 0);
	fd = begin(world);
	begun = clock_ms();
	assert_string_equal(hear(world, fd), "");
	assert_true(clock_ms() - begun >= 500);
	world_free(world);
}

static void fill_large(struct metrics_page *page, void *arg)
{
	static const struct metrics_family family = {"t", METRICS_GAUGE, NULL, "Large."};

	static char value[65536];

	memset(value, 'x', sizeof(value) - 1);
	metrics_begin(page, &family);
	while (page->len < (32u << 20))
		metrics_add(page, METRICS_LABELS({"x", value}), 1);
}

/* A client that takes a large page slowly is cut, in the middle of it. */
static void a_slow_reader_is_cut(void **state)
{
	struct world *world = world_new(NULL);
	uint64_t end = clock_ms() + PATIENCE_MS;
	unsigned before;
	int fd;

	world->config.patience_ms = 500;
	assert_int_equal(serve(world, fill_large), 0);
	before = count_descriptors();
	fd = begin(world);
	say(world, fd, GET, strlen(GET));
	while (count_descriptors() < before + 2 && clock_ms() < end)
		turn(world);
	while (count_descriptors() > before + 1 && clock_ms() < end)
		turn(world);
	assert_int_equal(count_descriptors(), before + 1);
	close(fd);
	world_free(world);
}

/* A server is closed while clients are in all states. */
static void closing(void **state)
{
	struct world *world = world_new(NULL);
	int fds[3] = {begin(world), begin(world), begin(world)};

	assert_int_equal(serve(world, fill_large), 0);
	for (int i = 0; i < 3; i++) {
		close(fds[i]);
		fds[i] = begin(world);
	}
	say(world, fds[1], GET, 8);
	say(world, fds[2], GET, strlen(GET));
	world_free(world);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openmetrics),
		cmocka_unit_test(text_format),
		cmocka_unit_test(a_histogram),
		cmocka_unit_test(a_page_is_bounded),
		cmocka_unit_test(both_formats_are_served),
		cmocka_unit_test(a_unix_socket),
		cmocka_unit_test(off),
		cmocka_unit_test(a_port_that_is_taken),
		cmocka_unit_test(a_page_is_kept_for_a_moment),
		cmocka_unit_test(garbage),
		cmocka_unit_test(requests_of_megabytes),
		cmocka_unit_test(a_crowd_that_says_nothing),
		cmocka_unit_test(a_crowd_with_half_a_request),
		cmocka_unit_test(a_crowd_that_asks_and_does_not_read),
		cmocka_unit_test(a_dead_client_is_cut),
		cmocka_unit_test(a_slow_reader_is_cut),
		cmocka_unit_test(closing),
	};

	allow_crowds();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
