/* SPDX-License-Identifier: BSD-3-Clause */

/* covey diff [FILE] */

#include <stdio.h>

#include "client.h"
#include "differences.h"
#include "inventory_json.h"
#include "json_text.h"

struct diff_arguments {
	struct cli *cli;
	bool gkm;
};

enum { OPTION_GKM = 0x100 };

static const struct argp_option table[] = {
	{"gkm", OPTION_GKM, NULL, 0, "Ask the key manager on this machine, not covey-host", 0},
	{0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct diff_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case OPTION_GKM:
		arguments->gkm = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_error(state, "one inventory at a time: %s is too much", value);
		arguments->cli->inventory = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* NULL when it has mistakes, and all of them were printed. */
static struct inventory *load(const struct cli *cli)
{
	struct inventory *inventory = NULL;
	struct diagnostics diagnostics;

	diagnostics_init(&diagnostics);
	inventory_load(cli->inventory, &diagnostics, &inventory);
	if (!inventory && cli->json)
		inventory_json_print(NULL, &diagnostics);
	else
		diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	return inventory;
}

static int tell(const struct cli *cli, const struct client_daemon *daemon, json_t *differences)
{
	size_t count = json_array_size(differences), i;
	const json_t *difference;

	if (cli->json) {
		json_print(json_pack("{s:b, s:b, s:o}", "ok", 1, "same", count == 0, "differences",
				     differences));
		return count == 0 ? CLI_OK : CLI_FAILURE;
	}
	json_array_foreach(differences, i, difference)
		printf("%s\n", json_string_value(difference));
	if (count == 0)
		printf("%s runs what %s says.\n", daemon->name, cli->inventory);
	json_decref(differences);
	return count == 0 ? CLI_OK : CLI_FAILURE;
}

int diff_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "[FILE]",
		.doc = "Say where the inventory differs from what covey-host or the key manager "
		       "here runs with: groups, members, VNIs, rights, VTEPs and the key manager's "
		       "address. Without FILE, the one of --inventory. Exit status: 0 nothing "
		       "differs, 1 something does, or nobody answers.",
		.children = cli_children};
	struct diff_arguments arguments = {.cli = cli};
	struct client_daemon daemon;
	struct inventory *inventory;
	struct covey_error error;
	json_t *answer = NULL;
	int status = CLI_FAILURE;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	inventory = load(cli);
	if (!inventory)
		return CLI_FAILURE;
	daemon = client_either(cli, arguments.gkm);
	if (client_ask(&daemon, json_pack("{s:s}", "command", "show"), &answer, &error) < 0) {
		fprintf(stderr, "covey diff: %s\n", error.text);
		if (cli->json)
			json_print(json_failure(error.text));
	} else {
		client_disarm(answer);
		status = tell(cli, &daemon,
			      client_is_gkm(&daemon) ? differences_of_gkm(inventory, answer)
						     : differences_of_host(inventory, answer));
	}
	json_decref(answer);
	inventory_free(inventory);
	return status;
}
