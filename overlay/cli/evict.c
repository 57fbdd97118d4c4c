/* SPDX-License-Identifier: BSD-3-Clause */

/* covey evict HOST [GROUP], covey readmit HOST [GROUP] */

#include <stdio.h>

#include "client.h"

struct evict_arguments {
	struct cli *cli;
	const char *host;
	const char *group; /* NULL: all groups */
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct evict_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case ARGP_KEY_ARG:
		if (!arguments->host)
			arguments->host = value;
		else if (!arguments->group)
			arguments->group = value;
		else
			argp_error(state, "one host and one group at a time: %s is too much",
				   value);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the host's name is missing");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(struct cli *cli, int argc, char **argv, const char *command, const char *done,
	       const char *next, const char *doc)
{
	const struct argp argp = {
		.parser = parse, .args_doc = "HOST [GROUP]", .doc = doc, .children = cli_children};
	struct evict_arguments arguments = {.cli = cli};
	struct client_daemon daemon;
	json_t *answer;

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return CLI_USAGE;
	daemon = client_gkm(cli);
	answer = client_command(&daemon, cli->json, command,
				json_pack("{s:s, s:s, s:s?}", "command", command, "host",
					  arguments.host, "group", arguments.group));
	if (!answer)
		return CLI_FAILURE;
	if (!cli->json)
		printf("%s is %s %s. %s\n", arguments.host, done,
		       arguments.group ? arguments.group : "all groups", next);
	json_decref(answer);
	return CLI_OK;
}

int evict_main(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, "evict", "evicted from",
		   "The others switch to a key that it does not have: see `covey show --gkm`.",
		   "Have the key manager on this machine throw a host out of a group, or of all: "
		   "its session ends, the others get a key that it does not have, and it is "
		   "refused until it is readmitted.");
}

int readmit_main(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, "readmit", "readmitted to",
		   "It is not back yet: it asks again by itself within about a minute, if its "
		   "covey-host runs; `covey show --gkm members` says when it is connected.",
		   "Undo `covey evict`: of a host in one group, or all that it was evicted from.");
}
