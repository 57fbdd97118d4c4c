/* SPDX-License-Identifier: BSD-3-Clause */

/* covey help [COMMAND] */

#include <stdio.h>

#include "cli.h"
#include "verbs.h"

struct help_arguments {
	struct cli *cli;
	const struct verb *verb; /* NULL: covey itself */
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct help_arguments *arguments = state->input;
	char text[VERBS_TEXT_SIZE];

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->verb)
			argp_error(state, "one command at a time: %s is too much", value);
		arguments->verb = verbs_find(value, text);
		if (!arguments->verb)
			argp_error(state, "%s", text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int help_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "[COMMAND]",
		.doc = "Say what a command does, and which options it has; "
		       "without COMMAND, which commands there are.",
		.children = cli_children};
	struct help_arguments arguments = {.cli = cli};
	char option[] = "--help", program[] = "covey";
	char *help[] = {program, option, NULL};

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	return arguments.verb ? verbs_run(arguments.verb, cli, 2, help) : covey_main(cli, 2, help);
}
