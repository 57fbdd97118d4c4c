/* SPDX-License-Identifier: BSD-3-Clause */

/* covey monitor */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "client.h"
#include "json_text.h"
#include "monitor_page.h"
#include "monitor_rates.h"
#include "monitor_terminal.h"

#define INTERVAL_MAX 3600
#define COUNT_MAX    1000000

struct monitor_arguments {
	struct cli *cli;
	long interval; /* seconds */
	long count;    /* 0: until it is ended */
	int sort;
};

enum { OPTION_COUNT = 0x100, OPTION_INTERVAL, OPTION_SORT };

static const struct argp_option table[] = {
	{"count", OPTION_COUNT, "N", 0, "End after so many intervals", 0},
	{"interval", OPTION_INTERVAL, "SECONDS", 0, "Ask every so many seconds, 1 by default", 0},
	{"sort", OPTION_SORT, "rate|out|in|name", 0, "What comes first, rate by default", 0},
	{0}};

static long read_number(struct argp_state *state, const char *option, const char *value, long max)
{
	char *end;
	long number = strtol(value, &end, 10);

	if (end == value || *end != '\0' || number < 1 || number > max)
		argp_error(state, "--%s is a number from 1 to %ld, not %s", option, max, value);
	return number;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct monitor_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case OPTION_COUNT:
		arguments->count = read_number(state, "count", value, COUNT_MAX);
		return 0;
	case OPTION_INTERVAL:
		arguments->interval = read_number(state, "interval", value, INTERVAL_MAX);
		return 0;
	case OPTION_SORT:
		arguments->sort = monitor_sort_find(value);
		if (arguments->sort < 0)
			argp_error(state, "--sort is rate, out, in or name, not %s", value);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- what was measured ----------------------------------------------------------------------- */

struct monitor {
	const struct monitor_arguments *arguments;
	struct client_daemon daemon;
	struct monitor_terminal *terminal;
	enum monitor_sort sort;
	json_t *answer; /* the last one; NULL: none yet */
	json_t *rates;  /* NULL: not known */
	double at;      /* when the answer came, in seconds */
	struct monitor_events events;
	struct covey_error error; /* why there is no answer; empty: there is */
	bool measured;            /* whether there were rates at the last interval */
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* "12:03:04" */
static const char *time_of_day(char buf[16])
{
	time_t now = time(NULL);
	struct tm local;

	if (!localtime_r(&now, &local) || strftime(buf, 16, "%H:%M:%S", &local) == 0)
		buf[0] = '\0';
	return buf;
}

static void forget(struct monitor *monitor)
{
	json_decref(monitor->answer);
	json_decref(monitor->rates);
	monitor->answer = monitor->rates = NULL;
}

/* Take a new answer, and compare it with the one before, which may be older than an interval. */
static void measure(struct monitor *monitor)
{
	json_t *answer = NULL;
	double at;
	char text[16];

	monitor->error.text[0] = '\0';
	if (client_ask(&monitor->daemon, json_pack("{s:s}", "command", "show"), &answer,
		       &monitor->error) == 0 &&
	    !field_true(answer, "ok"))
		covey_error_set(&monitor->error, 0, "%s", field_text(answer, "error"));
	if (monitor->error.text[0] != '\0') {
		json_decref(answer);
		json_decref(monitor->rates);
		monitor->rates = NULL;
		monitor->measured = false;
		return;
	}
	at = now_s();
	client_disarm(answer);
	json_decref(monitor->rates);
	monitor->rates =
		monitor->answer ? monitor_rates(monitor->answer, answer, at - monitor->at) : NULL;
	monitor->measured = monitor->rates != NULL;
	if (monitor->rates)
		monitor_note_drops(&monitor->events, monitor->rates, time_of_day(text));
	json_decref(monitor->answer);
	monitor->answer = answer;
	monitor->at = at;
}

/* --- what is shown --------------------------------------------------------------------------- */

static int draw(const struct monitor *monitor)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	const char *message = monitor->error.text[0] != '\0' ? monitor->error.text
			      : monitor->rates               ? NULL
							     : "measuring";

	if (!stream)
		return -1;
	if (monitor->rates)
		monitor_sort_rows(monitor->rates, monitor->sort);
	monitor_page(stream, monitor->rates, &monitor->events, monitor->sort, message,
		     monitor_terminal_size(monitor->terminal));
	if (fclose(stream) == 0)
		fwrite(text, 1, size, stdout); /* at once, so that nothing flickers */
	free(text);
	return fflush(stdout);
}

static int print(const struct monitor *monitor)
{
	char text[16];

	if (monitor->error.text[0] != '\0') {
		fprintf(stderr, "covey monitor: %s\n", monitor->error.text);
		if (monitor->arguments->cli->json)
			json_print(json_failure(monitor->error.text));
	} else if (monitor->rates) {
		monitor_sort_rows(monitor->rates, monitor->sort);
		if (monitor->arguments->cli->json)
			json_print(json_incref(monitor->rates));
		else
			monitor_lines(stdout, monitor->rates, time_of_day(text));
	}
	return fflush(stdout);
}

static bool is_page(const struct monitor *monitor)
{
	return monitor->terminal && monitor_terminal_draws(monitor->terminal);
}

static int show(const struct monitor *monitor)
{
	return is_page(monitor) ? draw(monitor) : print(monitor);
}

/* --- the loop -------------------------------------------------------------------------------- */

/* Returns false if it was to end. */
static bool take_key(struct monitor *monitor, int key)
{
	static const char keys[] = {'r', 'o', 'i', 'n'}; /* by enum monitor_sort */
	const char *found = key > 0 ? memchr(keys, key, sizeof(keys)) : NULL;

	if (key == 'q' || key == 'Q' || key == MONITOR_END)
		return false;
	if (found)
		monitor->sort = (enum monitor_sort)(found - keys);
	return !(found || key == MONITOR_RESIZED) || !is_page(monitor) || draw(monitor) == 0;
}

/* Returns false if it was ended. */
static bool wait_until(struct monitor *monitor, double end)
{
	for (;;) {
		double left = end - now_s();
		int key = monitor_terminal_wait(monitor->terminal, (long)(left * 1000) + 1);

		if (key == MONITOR_TIME_IS_UP && end - now_s() <= 0)
			return true;
		if (key != MONITOR_TIME_IS_UP && !take_key(monitor, key))
			return false;
		if (end - now_s() <= 0)
			return true;
	}
}

/* Goes on when the daemon does not answer: it may be restarted meanwhile. */
static int run(struct monitor *monitor)
{
	const struct monitor_arguments *arguments = monitor->arguments;
	double next = now_s();

	measure(monitor);
	for (long i = 0;; i++) {
		if (show(monitor) != 0)
			return CLI_FAILURE;
		if (arguments->count && i == arguments->count)
			break;
		next += (double)arguments->interval;
		if (next < now_s()) /* it took longer to answer */
			next = now_s();
		if (!wait_until(monitor, next))
			return CLI_OK;
		measure(monitor);
	}
	return monitor->measured ? CLI_OK : CLI_FAILURE;
}

int monitor_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Show what passes through this host's covey-host: packets in a second by "
		       "group, by peer and by traffic class, and what is dropped as it happens. On "
		       "a terminal it is a page; keys: q quits, r, o, i and n sort by rate, what "
		       "goes out, what comes in, and name. Elsewhere, and with --json, it is "
		       "lines. "
		       "Nothing is changed.",
		.children = cli_children};
	struct monitor_arguments arguments = {.cli = cli, .interval = 1};
	struct monitor monitor = {.arguments = &arguments, .daemon = client_host(cli)};
	int status;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	monitor.sort = (enum monitor_sort)arguments.sort;
	monitor.terminal = monitor_terminal_open(!cli->json);
	if (!monitor.terminal) {
		fprintf(stderr, "covey monitor: no memory or file descriptor\n");
		return CLI_FAILURE;
	}
	status = run(&monitor);
	monitor_terminal_close(monitor.terminal);
	forget(&monitor);
	return status;
}
