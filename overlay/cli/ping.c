/* SPDX-License-Identifier: BSD-3-Clause */

/* covey ping HOST [GROUP] */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json_text.h"
#include "probe_question.h"
#include "sweep.h"
#include "wire_verdict.h"

#define COUNT_DEFAULT 3
#define COUNT_MAX     86400
#define INTERVAL_MS   1000

struct ping {
	struct cli *cli;
	const char *host, *group;
	long count, size, class, dscp, source_port; /* -1: not given */
	bool sweep;
};

enum {
	OPTION_COUNT = 0x100,
	OPTION_SIZE,
	OPTION_SWEEP,
	OPTION_CLASS,
	OPTION_DSCP,
	OPTION_SOURCE_PORT,
};

static const struct argp_option options[] = {
	{"count", OPTION_COUNT, "N", 0, "How many times, one second apart (3)", 0},
	{"size", OPTION_SIZE, "BYTES", 0,
	 "Only probes as large as a tenant's packet of so many bytes", 0},
	{"sweep", OPTION_SWEEP, NULL, 0,
	 "Find the largest tenant's packet that passes, in each direction", 0},
	{"class", OPTION_CLASS, "CLASS", 0, "In this traffic class, 0 to 7", 0},
	{"dscp", OPTION_DSCP, "DSCP", 0, "With this DSCP, 0 to 63, which chooses the class, too",
	 0},
	{"source-port", OPTION_SOURCE_PORT, "PORT", 0, "From this UDP port, which chooses the path",
	 0},
	{0},
};

static long read_number(struct argp_state *state, const char *what, const char *value, long min,
			long max)
{
	char *end;
	long number = strtol(value, &end, 10);

	if (end == value || *end != '\0' || number < min || number > max)
		argp_error(state, "--%s is a number from %ld to %ld, not %s", what, min, max,
			   value);
	return number;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct ping *ping = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = ping->cli;
		return 0;
	case OPTION_COUNT:
		ping->count = read_number(state, "count", value, 1, COUNT_MAX);
		return 0;
	case OPTION_SIZE:
		ping->size = read_number(state, "size", value, 20, 9216);
		return 0;
	case OPTION_SWEEP:
		ping->sweep = true;
		return 0;
	case OPTION_CLASS:
		ping->class = read_number(state, "class", value, 0, 7);
		return 0;
	case OPTION_DSCP:
		ping->dscp = read_number(state, "dscp", value, 0, 63);
		return 0;
	case OPTION_SOURCE_PORT:
		ping->source_port = read_number(state, "source-port", value, 1, 65535);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_error(state, "one host and one group at a time: %s is too much",
				   value);
		*(state->arg_num == 0 ? &ping->host : &ping->group) = value;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the host's name is missing");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static json_t *request_of(const struct ping *ping)
{
	json_t *request = json_pack("{s:s, s:[s], s:b}", "command", "probe", "to", ping->host,
				    "full", ping->size < 0);

	if (ping->group)
		json_object_set_new(request, "group", json_string(ping->group));
	if (ping->size >= 0)
		json_object_set_new(request, "sizes", json_pack("[I]", (json_int_t)ping->size));
	if (ping->class >= 0)
		json_object_set_new(request, "class", json_integer(ping->class));
	if (ping->dscp >= 0)
		json_object_set_new(request, "dscp", json_integer(ping->dscp));
	if (ping->source_port >= 0)
		json_object_set_new(request, "source_port", json_integer(ping->source_port));
	return request;
}

/* Of the answers that came; false when none did. */
static bool round_trip(const json_t *answer, double *ret_min, double *ret_mean, double *ret_max)
{
	const json_t *report = wire_report(answer, field_text(answer, "from")), *seen, *time;
	unsigned count = 0;
	double sum = 0;
	size_t i, j;

	json_array_foreach(json_object_get(report, "seen"), i, seen) {
		json_array_foreach(json_object_get(seen, "round_trip_us"), j, time) {
			double ms = (double)json_integer_value(time) / 1000;

			if (ms <= 0)
				continue;
			*ret_min = count == 0 || ms < *ret_min ? ms : *ret_min;
			*ret_max = count == 0 || ms > *ret_max ? ms : *ret_max;
			sum += ms;
			count++;
		}
	}
	*ret_mean = count ? sum / count : 0;
	return count > 0;
}

static bool is_good(const struct wire_verdict *verdict)
{
	return verdict->kind == WIRE_ENCRYPTED;
}

static void print_answer(const struct ping *ping, const json_t *answer,
			 const struct wire_verdict *there, const struct wire_verdict *back)
{
	const char *self = field_text(answer, "from");
	char text[1024];
	double min, mean, max;

	printf("%s -> %s: %s\n", self, ping->host, wire_verdict_text(there, text, sizeof(text)));
	printf("%s -> %s: %s\n", ping->host, self, wire_verdict_text(back, text, sizeof(text)));
	if (round_trip(answer, &min, &mean, &max))
		printf("round trip: %.3f/%.3f/%.3f ms (least/mean/most)\n", min, mean, max);
	fflush(stdout);
}

static json_t *answer_json(const struct ping *ping, json_t *answer, bool good,
			   const struct wire_verdict *there, const struct wire_verdict *back)
{
	const char *self = field_text(answer, "from");

	json_object_set_new(answer, "ok", json_boolean(good));
	json_object_set_new(answer, "directions",
			    json_pack("[o, o]", wire_verdict_json(there, self, ping->host),
				      wire_verdict_json(back, ping->host, self)));
	return json_incref(answer);
}

/* One run. The line of JSON of each is an object of its own. */
static bool ping_once(const struct ping *ping)
{
	json_t *answer = probe_question_command(ping->cli, "ping", request_of(ping));
	struct wire_verdict there, back;
	bool good;

	if (!answer)
		return false;
	wire_verdict(answer, field_text(answer, "from"), ping->host, &there);
	wire_verdict(answer, ping->host, field_text(answer, "from"), &back);
	good = is_good(&there) && is_good(&back);
	if (ping->cli->json)
		json_print(answer_json(ping, answer, good, &there, &back));
	else
		print_answer(ping, answer, &there, &back);
	json_decref(answer);
	return good;
}

static int ping_all(const struct ping *ping)
{
	const struct timespec interval = {.tv_sec = INTERVAL_MS / 1000};
	bool good = true;

	for (long i = 0; i < ping->count; i++) {
		if (i > 0)
			nanosleep(&interval, NULL);
		good &= ping_once(ping);
	}
	return good ? CLI_OK : CLI_FAILURE;
}

int ping_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "HOST [GROUP]",
		.doc = "Send probes inside the overlay to another host of a group, and say how "
		       "they "
		       "were seen on the uplinks of both: encrypted under which SA, in clear, or "
		       "not at all. Without GROUP, in the first one that both are in. The hosts' "
		       "own packet sockets look, not covey's counters. Exit status 1 unless all "
		       "were encrypted in both directions.",
		.children = cli_children};
	struct ping ping = {.cli = cli,
			    .count = COUNT_DEFAULT,
			    .size = -1,
			    .class = -1,
			    .dscp = -1,
			    .source_port = -1};

	if (cli_parse(&argp, argc, argv, 0, &ping))
		return CLI_USAGE;
	if (ping.sweep)
		return sweep(cli, ping.host, ping.group);
	return ping_all(&ping);
}
