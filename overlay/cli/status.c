/* SPDX-License-Identifier: BSD-3-Clause */

/* covey status: for scripts and for a first look. */

#include <stdio.h>

#include "cli.h"
#include "client.h"
#include "json_text.h"

static error_t parse(int key, char *value, struct argp_state *state)
{
	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = state->input;
	return key == ARGP_KEY_INIT ? 0 : ARGP_ERR_UNKNOWN;
}

/* An older covey-host does not report problems. */
static bool is_well(const json_t *answer)
{
	return field_true(answer, "ready") &&
	       json_array_size(json_object_get(answer, "problems")) == 0;
}

static json_t *narrow(const json_t *answer, void *arg)
{
	return json_pack("{s:b, s:O?, s:b, s:O?}", "ok", 1, "host", json_object_get(answer, "host"),
			 "well", is_well(answer), "problems", json_object_get(answer, "problems"));
}

static void print(const json_t *answer)
{
	const json_t *problem;
	size_t i;

	if (is_well(answer))
		printf("%s is well: all is as it should be.\n", field_text(answer, "host"));
	else
		printf("%s is not well (`covey show` tells more):\n", field_text(answer, "host"));
	json_array_foreach(json_object_get(answer, "problems"), i, problem)
		if (json_is_string(problem))
			printf("  PROBLEM: %s\n", json_string_value(problem));
}

int status_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.doc = "Say whether all is well with this host's covey-host, and if not, what is "
		       "wrong and what to do. Exit status: 0 all is well, 1 something is not, or "
		       "covey-host does not answer.",
		.children = cli_children};
	struct client_daemon daemon = client_host(cli);
	json_t *answer;
	bool well;

	if (argp_parse(&argp, argc, argv, 0, NULL, cli))
		return CLI_USAGE;
	answer = client_command_part(&daemon, cli->json, "status",
				     json_pack("{s:s}", "command", "show"), narrow, NULL);
	if (!answer)
		return CLI_FAILURE;
	if (!cli->json)
		print(answer);
	well = is_well(answer);
	json_decref(answer);
	return well ? CLI_OK : CLI_FAILURE;
}
