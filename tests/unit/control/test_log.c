/* SPDX-License-Identifier: BSD-3-Clause */

/* One line per event, whatever is in it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

static char captured[16384];
static int lines[2]; /* standard error is one end: a packet is one write */
static int real_stderr;

static int capture(void **state)
{
	real_stderr = dup(STDERR_FILENO);
	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, lines) < 0 ||
	       dup2(lines[1], STDERR_FILENO) < 0;
}

static int release(void **state)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(lines[0]);
	close(lines[1]);
	unsetenv("JOURNAL_STREAM");
	return 0;
}

/* The next write, "" when there was none. */
static const char *next(void)
{
	ssize_t n = recv(lines[0], captured, sizeof(captured) - 1, MSG_DONTWAIT);

	captured[n > 0 ? n : 0] = '\0';
	return captured;
}

static void line_has_time_program_and_level(void **state)
{
	const char *line;
	int year;
	char rest[128] = "";

	log_init("covey-test", LOG_LEVEL_INFO);
	log_warning("host %s: %d", "hv1", 7);
	line = next();
	assert_int_equal(sscanf(line, "%4d-%*2d-%*2dT%*2d:%*2d:%*6[0-9.]Z %127[^\n]", &year, rest),
			 2);
	assert_true(year >= 2024);
	assert_string_equal(rest, "covey-test warning: host hv1: 7");
	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_string_equal(next(), "");
}

static void levels_filter(void **state)
{
	log_init("covey-test", LOG_LEVEL_NOTICE);
	log_info("not this");
	log_debug("nor this");
	assert_string_equal(next(), "");
	log_notice("this");
	assert_non_null(strstr(next(), " notice: this\n"));
	log_error("this");
	assert_non_null(strstr(next(), " error: this\n"));
}

static void control_characters_are_escaped(void **state)
{
	const char *line;

	log_init("covey-test", LOG_LEVEL_INFO);
	log_info("%s", "a\nfake\r\t\x1b[31m\x7f\xc2\x9b z");
	line = next();
	assert_non_null(strstr(line, "info: a\\x0afake\\x0d\\x09\\x1b[31m\\x7f\\xc2\\x9b z\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_string_equal(next(), "");
}

static void long_lines_are_cut(void **state)
{
	char text[5000];
	const char *line;

	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_init("covey-test", LOG_LEVEL_INFO);
	log_info("%s", text);
	line = next();
	assert_true(strlen(line) < 4300);
	assert_non_null(strstr(line, "\\x0a...\n"));
	assert_string_equal(next(), "");
}

static void journal_gets_a_priority(void **state)
{
	struct stat st;
	char stream[64];

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("covey-test", LOG_LEVEL_INFO);
	log_error("hello");
	assert_string_equal(next(), "<3>hello\n");
	/* Standard error is not what the journal reads: no prefix then. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_init("covey-test", LOG_LEVEL_INFO);
	log_error("hello");
	assert_non_null(strstr(next(), "covey-test error: hello\n"));
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURED(line_has_time_program_and_level), CAPTURED(levels_filter),
		CAPTURED(control_characters_are_escaped),  CAPTURED(long_lines_are_cut),
		CAPTURED(journal_gets_a_priority),
	};

	return cmocka_run_group_tests_name("control-log", tests, NULL, NULL);
}
