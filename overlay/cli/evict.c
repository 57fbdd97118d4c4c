/* SPDX-License-Identifier: BSD-3-Clause */

/* covey evict HOST [GROUP], covey readmit HOST [GROUP] */

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "json_text.h"
#include "rekey_text.h"

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

static int run(struct cli *cli, int argc, char **argv, const char *command,
	       void (*tell)(const struct evict_arguments *arguments, const json_t *answer),
	       const char *doc)
{
	const struct argp argp = {
		.parser = parse, .args_doc = "HOST [GROUP]", .doc = doc, .children = cli_children};
	struct evict_arguments arguments = {.cli = cli};
	struct client_daemon daemon;
	json_t *answer;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	daemon = client_gkm(cli);
	answer = client_command(&daemon, cli->json, command,
				json_pack("{s:s, s:s, s:s?}", "command", command, "host",
					  arguments.host, "group", arguments.group));
	if (!answer)
		return CLI_FAILURE;
	if (!cli->json)
		tell(&arguments, answer);
	json_decref(answer);
	return CLI_OK;
}

static void tell_change(const struct evict_arguments *arguments, const char *done)
{
	printf("%s is %s %s.\n", arguments->host, done,
	       arguments->group ? arguments->group : "all groups");
}

/* A key manager of another version may say nothing of groups. */
static bool says_outcome(const json_t *answer)
{
	if (json_is_array(json_object_get(answer, "groups")))
		return true;
	printf("What comes of it: `covey show --gkm`.\n");
	return false;
}

/* --- evict --------------------------------------------------------------------------------- */

static void tell_eviction(const struct evict_arguments *arguments, const json_t *answer)
{
	const json_t *group;
	size_t i;

	tell_change(arguments, "evicted from");
	if (!says_outcome(answer))
		return;
	json_array_foreach(json_object_get(answer, "groups"), i, group) {
		rekey_text(field_text(group, "group"), group);
		rekey_text_away(json_object_get(group, "away"),
				"They have not heard of the eviction: until they are back, they "
				"receive what the evicted host sends, and nothing that is sent "
				"with the new key.");
	}
}

int evict_main(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, "evict", tell_eviction,
		   "Have the key manager on this machine throw a host out of a group, or of all: "
		   "its session ends, the others get a key that it does not have, and it is "
		   "refused until it is readmitted. The answer says, of each group, whether the "
		   "others send with that key already, or what this waits for.");
}

/* --- readmit ------------------------------------------------------------------------------- */

/* Prints the names of the groups in this state, as the end of a sentence that begins so. How many
 * there are. */
static size_t list_groups(const json_t *groups, const char *state, const char *begin)
{
	const json_t *group;
	size_t count = 0, i;

	json_array_foreach(groups, i, group) {
		if (strcmp(field_text(group, "state"), state) != 0)
			continue;
		printf("%s %s", count ? "," : begin, field_text(group, "group"));
		count++;
	}
	return count;
}

static void tell_readmission(const struct evict_arguments *arguments, const json_t *answer)
{
	const json_t *groups = json_object_get(answer, "groups");

	tell_change(arguments, "readmitted to");
	if (!says_outcome(answer))
		return;
	if (list_groups(groups, "joined", "It is connected, and is back in"))
		printf(".\n");
	if (list_groups(groups, "joining", "It is connected, and gets the key of"))
		printf(".\n");
	if (!list_groups(groups, "waits for the host", "It is not back yet in"))
		return;
	printf(": %s asks again by itself within about a minute%s. `covey show --gkm members` says "
	       "when it is back.\n",
	       field_true(answer, "connected") ? "it is connected, and"
					       : "it has no connection to the key manager, and",
	       field_true(answer, "connected") ? "" : ", if its covey-host runs");
}

int readmit_main(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, "readmit", tell_readmission,
		   "Undo `covey evict`: of a host in one group, or all that it was evicted from. "
		   "The answer says whether the host is back already.");
}
