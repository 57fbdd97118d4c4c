/* SPDX-License-Identifier: BSD-3-Clause */

/* covey show [PART] */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "client.h"
#include "parts.h"
#include "views.h"

#define WATCH_DEFAULT_S 2
#define WATCH_MAX       86400

struct show_arguments {
	struct cli *cli;
	const char *name;        /* of the part */
	const struct part *part; /* NULL: an overview */
	bool all;
	bool gkm;
	long watch_s; /* 0: once */
	long count;   /* how many times; 0: for ever */
};

enum { OPTION_ALL = 0x100, OPTION_GKM, OPTION_COUNT };

static const struct argp_option table[] = {
	{"all", OPTION_ALL, NULL, 0, "Drops, guard: also what never occurred", 0},
	{"gkm", OPTION_GKM, NULL, 0, "Ask the key manager on this machine, not covey-host", 0},
	{"watch", 'W', "SECONDS", OPTION_ARG_OPTIONAL,
	 "Show it again and again, every 2 or so many seconds, until Ctrl-C", 0},
	{NULL, 'w', NULL, OPTION_HIDDEN, NULL, 0},
	{"count", OPTION_COUNT, "N", 0, "With --watch: so many times", 0},
	{0}};

static long read_number(struct argp_state *state, const char *option, const char *value)
{
	char *end;
	long number = strtol(value, &end, 10);

	if (end == value || *end != '\0' || number < 1 || number > WATCH_MAX)
		argp_error(state, "--%s is a number from 1 to %d, not %s", option, WATCH_MAX,
			   value);
	return number;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct show_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case OPTION_ALL:
		arguments->all = true;
		return 0;
	case OPTION_GKM:
		arguments->gkm = true;
		return 0;
	case 'W':
		arguments->watch_s = value ? read_number(state, "watch", value) : WATCH_DEFAULT_S;
		return 0;
	case 'w':
		argp_error(state, "-w is --write of covey capture: to watch, use -W or --watch");
		return EINVAL;
	case OPTION_COUNT:
		arguments->count = read_number(state, "count", value);
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->name)
			argp_error(state, "one part at a time: %s is too much", value);
		arguments->name = value;
		return 0;
	case ARGP_KEY_END:
		if (arguments->count && !arguments->watch_s)
			argp_error(state, "--count goes with --watch");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* There can be thousands of windows and of paths, so only `covey show windows` and `covey show
 * paths` list them; a path that is too small is a problem. */
static void overview(const json_t *answer, bool all)
{
	view_host(answer);
	printf("\n");
	view_groups(answer);
	printf("\n");
	view_members(answer);
	printf("\n");
	view_sas(answer);
	printf("\n");
	view_ports(answer);
	printf("\n");
	view_drops(answer, all);
	printf("\n");
	if (view_clear(answer, false))
		printf("\n");
	view_guard(answer, all);
	printf("\nWindows: %zu (`covey show windows` lists them)\n",
	       json_array_size(json_object_get(answer, "windows")));
	printf("Paths: %zu (`covey show paths` lists them)\n",
	       json_array_size(json_object_get(answer, "paths")));
	view_probes(answer);
}

static json_t *narrow(const json_t *answer, void *arg)
{
	const struct show_arguments *arguments = arg;

	return arguments->part ? parts_json(arguments->part, answer) : json_deep_copy(answer);
}

static void print(const struct show_arguments *arguments, const json_t *answer, bool gkm)
{
	if (arguments->part)
		parts_print(arguments->part, answer, gkm, arguments->all);
	else if (gkm)
		view_gkm(answer, NULL);
	else
		overview(answer, arguments->all);
}

static int show_once(struct show_arguments *arguments, const struct client_daemon *daemon)
{
	json_t *answer =
		client_command_part(daemon, arguments->cli->json, "show",
				    json_pack("{s:s}", "command", "show"), narrow, arguments);

	if (!answer)
		return CLI_FAILURE;
	if (!arguments->cli->json)
		print(arguments, answer, client_is_gkm(daemon));
	json_decref(answer);
	return CLI_OK;
}

/* A terminal shows one answer at a time, from its top. */
static void begin_page(const struct show_arguments *arguments, bool first)
{
	if (arguments->cli->json)
		return;
	if (isatty(STDOUT_FILENO))
		printf("\033[H\033[J");
	else if (!first)
		printf("\n");
}

/* Goes on when the daemon does not answer: it may be restarted meanwhile. */
static int watch(struct show_arguments *arguments, const struct client_daemon *daemon)
{
	const struct timespec pause = {.tv_sec = arguments->watch_s};
	int status = CLI_OK;

	for (long i = 0; arguments->count == 0 || i < arguments->count; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		begin_page(arguments, i == 0);
		status = show_once(arguments, daemon);
		if (fflush(stdout) != 0)
			return CLI_FAILURE;
	}
	return status;
}

int show_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "[PART]",
		.doc = "Show what this host's covey-host does, or the key manager on this machine: "
		       "all in short, or one part. The key manager is asked with --gkm, and where "
		       "no covey-host is."
		       "\vParts of both: groups, sas, members, peers, certs, problems. Of a host: "
		       "mtu, guard, drops, clear, paths, ports, windows.",
		.children = cli_children};
	struct show_arguments arguments = {.cli = cli};
	struct client_daemon daemon;
	char text[PARTS_TEXT_SIZE];

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	daemon = client_either(cli, arguments.gkm);
	if (arguments.name)
		arguments.part = parts_find(arguments.name, client_is_gkm(&daemon), text);
	if (arguments.name && !arguments.part) {
		fprintf(stderr, "covey show: %s\n", text);
		return CLI_USAGE;
	}
	return arguments.watch_s ? watch(&arguments, &daemon) : show_once(&arguments, &daemon);
}
