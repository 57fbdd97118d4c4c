/* SPDX-License-Identifier: BSD-3-Clause */

/* covey mode GROUP [MODE [--for TIME | --confirm-within TIME] | confirm] */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <covey/mode.h>

#include "client.h"
#include "json_text.h"
#include "mode_text.h"
#include "numbers.h"

#define OPTION_FOR     256
#define OPTION_CONFIRM 257
#define OPTION_DESPITE 258

struct mode_arguments {
	struct cli *cli;
	const char *group;
	const char *mode; /* NULL: show it */
	bool confirm;
	bool despite_clear;
	uint64_t for_s, confirm_s; /* 0: not given */
};

static const struct argp_option options[] = {
	{"for", OPTION_FOR, "TIME", 0, "For so long, like 90s or 1h30m; then the group enforces",
	 0},
	{"confirm-within", OPTION_CONFIRM, "TIME", 0,
	 "If `covey mode GROUP confirm` does not come in this time, go back to the mode before, "
	 "whether the key manager lives or not",
	 0},
	{"despite-clear", OPTION_DESPITE, NULL, 0,
	 "Enforce although members hear clear packets, which are lost from then on. Whatever else "
	 "is in the way stays so",
	 0},
	{0},
};

/* As the inventory has it: 90s, 1h30m, or seconds. */
static uint64_t read_time(const char *text, struct argp_state *state)
{
	uint64_t seconds = 0;
	char *end;
	int status = 0;

	if (text[0] != '\0' && text[strspn(text, "0123456789")] == '\0') {
		errno = 0;
		seconds = strtoull(text, &end, 10);
		status = -errno;
	} else {
		status = duration_parse(text, &seconds);
	}
	if (status < 0 || seconds == 0 || seconds > COVEY_MODE_DEADLINE_MAX_S)
		argp_error(state, "%s is no time from 1s to 7d, like 90s, 10m or 1h30m", text);
	return seconds;
}

static void take_word(struct mode_arguments *arguments, const char *word, struct argp_state *state)
{
	enum covey_mode mode;

	if (!arguments->group)
		arguments->group = word;
	else if (arguments->mode || arguments->confirm)
		argp_error(state, "one mode at a time: %s is too much", word);
	else if (strcmp(word, "confirm") == 0)
		arguments->confirm = true;
	else if (covey_mode_parse(word, &mode))
		arguments->mode = word;
	else
		argp_error(state,
			   "%s is no mode: there are observe, transition and enforce; or confirm "
			   "the last change",
			   word);
}

static void check(const struct mode_arguments *arguments, struct argp_state *state)
{
	if (arguments->for_s && arguments->confirm_s)
		argp_error(state, "--for and --confirm-within exclude each other");
	else if ((arguments->for_s || arguments->confirm_s) && !arguments->mode)
		argp_error(state, "a time needs a mode: observe, transition or enforce");
	else if (arguments->despite_clear &&
		 (!arguments->mode || strcmp(arguments->mode, "enforce") != 0))
		argp_error(state, "--despite-clear goes with enforce, and with nothing else");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct mode_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case OPTION_FOR:
		arguments->for_s = read_time(value, state);
		return 0;
	case OPTION_CONFIRM:
		arguments->confirm_s = read_time(value, state);
		return 0;
	case OPTION_DESPITE:
		arguments->despite_clear = true;
		return 0;
	case ARGP_KEY_ARG:
		take_word(arguments, value, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the group's name is missing");
		return EINVAL;
	case ARGP_KEY_END:
		check(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static json_t *request_of(const struct mode_arguments *arguments)
{
	json_t *request = client_group_request("mode", arguments->group);

	if (arguments->mode)
		json_object_set_new(request, "mode", json_string(arguments->mode));
	if (arguments->confirm)
		json_object_set_new(request, "confirm", json_true());
	if (arguments->for_s)
		json_object_set_new(request, "for_s", json_integer((json_int_t)arguments->for_s));
	if (arguments->confirm_s)
		json_object_set_new(request, "confirm_s",
				    json_integer((json_int_t)arguments->confirm_s));
	if (arguments->despite_clear)
		json_object_set_new(request, "despite_clear", json_true());
	return request;
}

int mode_main(struct cli *cli, int argc, char **argv)
{
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "GROUP [observe|transition|enforce|confirm]",
		.doc = "Have the key manager on this machine show or change what a group's members "
		       "send and accept: in observe they send in clear, and accept clear and "
		       "encrypted packets; in transition they send encrypted and accept both; in "
		       "enforce all is encrypted. Towards enforce it goes one step at a time, "
		       "and only when all members can follow.",
		.children = cli_children,
	};
	struct mode_arguments arguments = {.cli = cli};
	struct client_daemon daemon;
	json_t *answer;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	daemon = client_gkm(cli);
	if (arguments.mode || arguments.confirm)
		daemon.waiting = "covey mode: waiting for the members to acknowledge it";
	answer = client_command(&daemon, cli->json, "mode", request_of(&arguments));
	if (!answer)
		return CLI_FAILURE;
	if (!cli->json)
		mode_text(answer);
	json_decref(answer);
	return CLI_OK;
}
