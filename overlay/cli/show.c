/* SPDX-License-Identifier: BSD-3-Clause */

/* covey show [PART] */

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "suggest.h"
#include "views.h"

struct show_arguments {
	struct cli *cli;
	const char *part; /* NULL: an overview */
	bool all;
	bool gkm;
};

enum { OPTION_ALL = 0x100, OPTION_GKM };

static const struct argp_option table[] = {
	{"all", OPTION_ALL, NULL, 0, "Drops: also reasons that never occurred", 0},
	{"gkm", OPTION_GKM, NULL, 0, "Ask the key manager on this machine: groups, sas, members",
	 0},
	{0}};

static const char *const parts[] = {"groups", "sas",   "members", "windows", "drops",
				    "clear",  "ports", "paths",   "guard"};

static void check_part(const char *part, struct argp_state *state)
{
	struct suggestion suggestion = suggestion_start(part);
	char hint[SUGGESTION_SIZE];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i], part) == 0)
			return;
		suggestion_try(&suggestion, parts[i]);
	}
	argp_error(state,
		   "nothing to show is called %s%s: there are groups, sas, members, windows, "
		   "drops, clear, ports, paths and guard",
		   part, suggestion_format(&suggestion, hint));
}

/* Refuses parts that only a host has. */
static void check_gkm_part(const struct show_arguments *arguments, struct argp_state *state)
{
	const char *part = arguments->part;

	if (arguments->gkm && part && strcmp(part, "groups") != 0 && strcmp(part, "sas") != 0 &&
	    strcmp(part, "members") != 0)
		argp_error(state, "a key manager has no %s: there are groups, sas and members",
			   part);
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
	case ARGP_KEY_END:
		check_gkm_part(arguments, state);
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->part)
			argp_error(state, "one part at a time: %s is too much", value);
		check_part(value, state);
		arguments->part = value;
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
}

static void show(const json_t *answer, const char *part, bool all)
{
	if (!part)
		overview(answer, all);
	else if (strcmp(part, "groups") == 0)
		view_groups(answer);
	else if (strcmp(part, "sas") == 0)
		view_sas(answer);
	else if (strcmp(part, "members") == 0)
		view_members(answer);
	else if (strcmp(part, "windows") == 0)
		view_windows(answer);
	else if (strcmp(part, "drops") == 0)
		view_drops(answer, all);
	else if (strcmp(part, "clear") == 0)
		view_clear(answer, true);
	else if (strcmp(part, "paths") == 0)
		view_paths(answer);
	else if (strcmp(part, "guard") == 0)
		view_guard(answer, all);
	else
		view_ports(answer);
}

/* Does the answer have this part in each of its groups? */
static bool is_of_groups(const json_t *answer, const char *part)
{
	return !json_object_get(answer, part) && json_is_array(json_object_get(answer, "groups"));
}

static json_t *gather(const json_t *groups, const char *part)
{
	json_t *list = json_array(), *group, *item;
	size_t i, j;

	json_array_foreach(groups, i, group)
		json_array_foreach(json_object_get(group, part), j, item) {
			json_t *copy = json_copy(item);

			json_object_set(copy, "group", json_object_get(group, "name"));
			json_array_append_new(list, copy);
		}
	return list;
}

/*
 * Returns {"ok": true, PART: ...}, made from a whole answer of covey-host or covey-gkm. If the part
 * is inside the groups of that answer (members, and at the key manager also SAs), it becomes one
 * list, and each element gets its "group". A part that is missing in the answer becomes null. NULL
 * when there is no memory.
 */
static json_t *part_of(const json_t *answer, const char *part)
{
	json_t *value = is_of_groups(answer, part) ? gather(json_object_get(answer, "groups"), part)
						   : json_incref(json_object_get(answer, part));

	return json_pack("{s:b, s:o?}", "ok", 1, part, value);
}

static json_t *narrow(const json_t *answer, void *arg)
{
	const struct show_arguments *arguments = arg;

	return arguments->part ? part_of(answer, arguments->part) : json_deep_copy(answer);
}

int show_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "[groups|sas|members|windows|drops|clear|ports|paths|guard]",
		.doc = "Show what this host's covey-host does, or with --gkm the key manager on "
		       "this machine: all in short, or one part.",
		.children = cli_children};
	struct show_arguments arguments = {.cli = cli};
	struct client_daemon daemon;
	json_t *answer;

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return CLI_USAGE;
	daemon = arguments.gkm ? client_gkm(cli) : client_host(cli);
	answer = client_command_part(&daemon, cli->json, "show",
				     json_pack("{s:s}", "command", "show"), narrow, &arguments);
	if (!answer)
		return CLI_FAILURE;
	if (!cli->json && arguments.gkm)
		view_gkm(answer, arguments.part);
	else if (!cli->json)
		show(answer, arguments.part, arguments.all);
	json_decref(answer);
	return CLI_OK;
}
