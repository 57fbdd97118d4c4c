/* SPDX-License-Identifier: BSD-3-Clause */
#include "group_argument.h"

#include <stddef.h>

struct group_arguments {
	struct cli *cli;
	const char *group;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct group_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->group)
			argp_error(state, "one group at a time: %s is too much", value);
		arguments->group = value;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the group's name is missing");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const char *group_argument(struct cli *cli, int argc, char **argv, const char *doc)
{
	struct argp argp = {
		.parser = parse, .args_doc = "GROUP", .doc = doc, .children = cli_children};
	struct group_arguments arguments = {.cli = cli};

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return NULL;
	return arguments.group;
}
