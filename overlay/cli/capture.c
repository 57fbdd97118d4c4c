/* SPDX-License-Identifier: BSD-3-Clause */

/* covey capture [inside|outside|drops] */

#include <errno.h>
#include <inttypes.h>
#include <numbers.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture_run.h"
#include "json_text.h"

#define COUNT_DEFAULT 10000
#define COUNT_MAX     10000000
#define TIME_DEFAULT  60
#define TIME_MAX      86400
#define VNI_MAX       0xffffff

struct capture_arguments {
	struct cli *cli;
	const char *what, *path;
	struct capture_wanted wanted;
	uint64_t count, seconds;
};

enum { OPTION_GROUP = 0x100, OPTION_PEER, OPTION_VNI, OPTION_COUNT, OPTION_FOR };

static const struct argp_option table[] = {
	{"write", 'w', "FILE", 0, "Write pcapng into the file, or to standard output if it is -",
	 0},
	{"group", OPTION_GROUP, "GROUP", 0, "Only packets of this group", 0},
	{"peer", OPTION_PEER, "HOST", 0, "Only from and to this host, or VTEP address", 0},
	{"vni", OPTION_VNI, "VNI", 0, "Only packets that are not encrypted, of this VNI", 0},
	{"count", OPTION_COUNT, "N", 0, "At most so many packets (10000)", 0},
	{"for", OPTION_FOR, "TIME", 0, "At most so long: 90s, 10m, or seconds (60s)", 0},
	{0}};

static uint64_t read_number(struct argp_state *state, const char *what, const char *value,
			    uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long number = strtoull(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' || number < min || number > max)
		argp_error(state, "--%s is a number from %" PRIu64 " to %" PRIu64 ", not %s", what,
			   min, max, value);
	return number;
}

static uint64_t read_time(struct argp_state *state, const char *value)
{
	uint64_t seconds = 0;

	if (value[0] != '\0' && value[strspn(value, "0123456789")] == '\0')
		return read_number(state, "for", value, 1, TIME_MAX);
	if (duration_parse(value, &seconds) < 0 || seconds == 0 || seconds > TIME_MAX)
		argp_error(state, "--for is a time from 1s to 24h, like 90s or 10m, not %s", value);
	return seconds;
}

static void take_what(struct capture_arguments *arguments, const char *word,
		      struct argp_state *state)
{
	if (arguments->what)
		argp_error(state, "one of inside, outside and drops at a time: %s is too much",
			   word);
	if (strcmp(word, "inside") != 0 && strcmp(word, "outside") != 0 &&
	    strcmp(word, "drops") != 0)
		argp_error(state, "there are inside, outside and drops, but no %s", word);
	arguments->what = word;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct capture_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case 'w':
		arguments->path = value;
		return 0;
	case OPTION_GROUP:
		arguments->wanted.group = value;
		return 0;
	case OPTION_PEER:
		arguments->wanted.peer = value;
		return 0;
	case OPTION_VNI:
		arguments->wanted.vni = (long)read_number(state, "vni", value, 0, VNI_MAX);
		return 0;
	case OPTION_COUNT:
		arguments->count = read_number(state, "count", value, 1, COUNT_MAX);
		return 0;
	case OPTION_FOR:
		arguments->seconds = read_time(state, value);
		return 0;
	case ARGP_KEY_ARG:
		take_what(arguments, value, state);
		return 0;
	case ARGP_KEY_END:
		if (arguments->cli->json && !arguments->path)
			argp_error(state, "--json goes with --write FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- the run --------------------------------------------------------------------------------- */

static void interrupt(int signal)
{
	capture_interrupted = 1;
}

/* Who reads the output may go away. */
static void catch_signals(void)
{
	const struct sigaction stop = {.sa_handler = interrupt}, ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static int number_of(const json_t *object, const char *name)
{
	return (int)json_integer_value(json_object_get(object, name));
}

/* Learn from covey-host where to look, and have it say in its log that somebody does. */
static int begin(struct capture_run *run, struct covey_error *error)
{
	const struct client_daemon daemon = client_host(run->cli);
	json_t *answer = NULL;
	const char *reason, *mac;
	int status = client_ask(&daemon,
				json_pack("{s:s, s:s, s:I, s:I}", "command", "capture", "what",
					  run->what, "count", (json_int_t)run->count, "seconds",
					  (json_int_t)run->seconds),
				&answer, error);

	if (status)
		return status;
	client_disarm(answer);
	run->place = answer;
	reason = json_string_value(json_object_get(answer, "error"));
	if (!json_is_true(json_object_get(answer, "ok")))
		return covey_error_set(error, -EPERM, "%.300s",
				       reason ? reason : "covey-host refused");
	run->ports = (struct captured_ports){(uint16_t)number_of(answer, "vxlan_port"),
					     (uint16_t)number_of(answer, "vpe_port"),
					     (uint8_t)number_of(answer, "vpe_protocol")};
	mac = json_string_value(json_object_get(answer, "source_mac"));
	run->hides_source =
		mac && sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &run->source_mac[0],
			      &run->source_mac[1], &run->source_mac[2], &run->source_mac[3],
			      &run->source_mac[4], &run->source_mac[5]) == 6;
	return 0;
}

static int work(struct capture_run *run, const struct capture_arguments *arguments,
		struct covey_error *error)
{
	int status = capture_names_new(run->cli, &arguments->wanted, &run->names, error);
	struct timespec now;
	const char *vtep;

	if (status == 0)
		status = begin(run, error);
	if (status)
		return status;
	vtep = json_string_value(json_object_get(run->place, "vtep"));
	covey_addr_parse(vtep ? vtep : "", &run->names.own);
	clock_gettime(CLOCK_MONOTONIC, &now);
	run->deadline = now.tv_sec * 1000 + now.tv_nsec / 1000000 + (long)run->seconds * 1000;
	return strcmp(run->what, "drops") == 0 ? capture_drops(run, error)
					       : capture_live(run, error);
}

static int report(const struct capture_run *run, int status, const struct covey_error *error)
{
	if (status) {
		fprintf(stderr, "covey capture: %s\n", error->text);
		if (run->cli->json && strcmp(run->sink.path ? run->sink.path : "", "-") != 0)
			json_print(json_failure(error->text));
		return CLI_FAILURE;
	}
	fprintf(stderr, "covey capture: %" PRIu64 " packets, %" PRIu64 " missed\n", run->taken,
		run->missed);
	if (run->cli->json && strcmp(run->sink.path, "-") != 0)
		json_print(json_pack("{s:b, s:I, s:I}", "ok", 1, "packets", (json_int_t)run->taken,
				     "missed", (json_int_t)run->missed));
	return CLI_OK;
}

int capture_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "[inside|outside|drops]",
		.doc = "Capture packets: in clear between VXLAN devices and covey-host (inside), "
		       "encrypted on the uplinks (outside), or those that covey-host drops, with "
		       "the reason, which is what it does without an argument. Each packet has a "
		       "comment with its group, SA and hosts. covey-host's log says that it was "
		       "done. Only for root.",
		.children = cli_children};
	struct capture_arguments arguments = {
		.cli = cli, .count = COUNT_DEFAULT, .seconds = TIME_DEFAULT, .wanted = {.vni = -1}};
	struct capture_run run = {.cli = cli};
	struct covey_error error = {.text = ""}, closing;
	int status;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	catch_signals();
	run.what = arguments.what ? arguments.what : "drops";
	run.count = arguments.count;
	run.seconds = arguments.seconds;
	run.sink.path = arguments.path;
	status = capture_sink_open(arguments.path, &run.sink, &error);
	if (status)
		return report(&run, status, &error);
	status = work(&run, &arguments, &error);
	capture_names_free(&run.names);
	if (capture_sink_close(&run.sink, status ? &closing : &error) && status == 0)
		status = -EIO;
	status = report(&run, status, &error);
	json_decref((json_t *)run.place);
	return status;
}
