/* SPDX-License-Identifier: BSD-3-Clause */

/* covey rekey GROUP | --all [--wait] */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "json_text.h"
#include "rekey_text.h"

#define WAIT_DEFAULT_S 60
#define WAIT_MAX_S     3600
#define LOOK_MS        200

struct rekey_arguments {
	struct cli *cli;
	const char *group; /* NULL: all */
	bool all;
	long wait_s;              /* 0: not */
	struct covey_error error; /* of the last question that failed */
};

enum { OPTION_ALL = 0x100, OPTION_WAIT };

static const struct argp_option table[] = {
	{"all", OPTION_ALL, NULL, 0, "All groups, one after the other", 0},
	{"wait", OPTION_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
	 "Until the members send with the new key, at most so long (60)", 0},
	{0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct rekey_arguments *arguments = state->input;
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case OPTION_ALL:
		arguments->all = true;
		return 0;
	case OPTION_WAIT:
		arguments->wait_s = value ? strtol(value, &end, 10) : WAIT_DEFAULT_S;
		if (value &&
		    (*end != '\0' || arguments->wait_s < 1 || arguments->wait_s > WAIT_MAX_S))
			argp_error(state, "--wait is a number of seconds from 1 to %d, not %s",
				   WAIT_MAX_S, value);
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->group)
			argp_error(state, "one group at a time, or --all: %s is too much", value);
		arguments->group = value;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->group && !arguments->all)
			argp_error(state, "the group's name is missing, or --all");
		else if (arguments->group && arguments->all)
			argp_error(state, "%s or --all?", arguments->group);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- the key manager's view ------------------------------------------------------------------ */

/* NULL when it failed: the reason is printed, and kept. */
static json_t *ask(struct rekey_arguments *arguments, const struct client_daemon *daemon,
		   json_t *request)
{
	json_t *answer = NULL;
	int status = client_ask(daemon, request, &answer, &arguments->error);

	client_disarm(answer);
	if (status == 0 && field_true(answer, "ok"))
		return answer;
	if (status == 0)
		covey_error_set(&arguments->error, -EPROTO, "%s", field_text(answer, "error"));
	fprintf(stderr, "covey rekey: %s\n", arguments->error.text);
	json_decref(answer);
	return NULL;
}

static json_t *look(struct rekey_arguments *arguments, const struct client_daemon *daemon)
{
	return ask(arguments, daemon, json_pack("{s:s}", "command", "show"));
}

static const json_t *find_group(const json_t *view, const char *name)
{
	const json_t *group;
	size_t i;

	json_array_foreach(json_object_get(view, "groups"), i, group)
		if (strcmp(field_text(group, "name"), name) == 0)
			return group;
	return NULL;
}

/* The newest SA of the group; with in_use, of those that members send with. 0: none. */
static json_int_t newest(const json_t *view, const char *name, bool in_use)
{
	const json_t *sa;
	json_int_t spi = 0;
	size_t i;

	json_array_foreach(json_object_get(find_group(view, name), "sas"), i, sa)
		if (field_number(sa, "spi") > spi &&
		    (!in_use || strcmp(field_text(sa, "state"), "installing") != 0))
			spi = field_number(sa, "spi");
	return spi;
}

/* --- waiting --------------------------------------------------------------------------------- */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until members send with this SA or a later one. What is known at the end goes into outcome. True
 * when they do. */
static bool wait_until(struct rekey_arguments *arguments, const struct client_daemon *daemon,
		       json_t *outcome, const char *group, json_int_t spi, long until_ms)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
	bool done = false;

	for (;;) {
		json_t *view = look(arguments, daemon);

		if (!view)
			return false;
		done = newest(view, group, true) >= spi;
		if (done) {
			json_object_set_new(outcome, "rekey", json_string("done"));
			json_object_set_new(outcome, "spi",
					    json_integer(newest(view, group, true)));
			json_object_set_new(outcome, "awaited", json_array());
		}
		json_decref(view);
		if (done || now_ms() >= until_ms)
			return done;
		nanosleep(&pause, NULL);
	}
}

/* Returns a group's outcome; NULL when it failed, and why is printed. *done: nothing is left to
 * wait for, if that was asked for. */
static json_t *rekey_group(struct rekey_arguments *arguments, const struct client_daemon *daemon,
			   const char *group, json_int_t before, bool *done)
{
	json_t *outcome = ask(arguments, daemon, client_group_request("rekey", group));
	json_int_t spi = field_number(outcome, "spi");

	if (!outcome || arguments->wait_s == 0 || strcmp(field_text(outcome, "rekey"), "done") == 0)
		return outcome;
	/* Nobody can get a key. */
	if (strcmp(field_text(outcome, "rekey"), "waits for a member") == 0 ||
	    !wait_until(arguments, daemon, outcome, group, spi ? spi : before + 1,
			now_ms() + arguments->wait_s * 1000))
		*done = false;
	return outcome;
}

/* --- what is said ---------------------------------------------------------------------------- */

static void tell(const json_t *outcome)
{
	rekey_text(field_text(outcome, "group"), outcome);
	rekey_text_away(json_object_get(outcome, "away"),
			"The others still receive what they send, but they receive nothing "
			"that is sent with the new key until they are back.");
}

static int rekey_one(struct rekey_arguments *arguments, const struct client_daemon *daemon)
{
	json_t *before = arguments->wait_s ? look(arguments, daemon) : NULL, *outcome;
	bool done = true;

	outcome = arguments->wait_s && !before
			  ? NULL
			  : rekey_group(arguments, daemon, arguments->group,
					newest(before, arguments->group, false), &done);
	json_decref(before);
	if (arguments->cli->json)
		json_print(outcome ? json_incref(outcome) : json_failure(arguments->error.text));
	else if (outcome)
		tell(outcome);
	json_decref(outcome);
	return outcome && done ? CLI_OK : CLI_FAILURE;
}

static int rekey_all(struct rekey_arguments *arguments, const struct client_daemon *daemon)
{
	json_t *view = look(arguments, daemon), *outcomes = json_array(), *outcome;
	const json_t *group;
	bool done = true;
	size_t i;

	json_array_foreach(json_object_get(view, "groups"), i, group) {
		outcome = rekey_group(arguments, daemon, field_text(group, "name"),
				      newest(view, field_text(group, "name"), false), &done);
		if (!outcome) {
			done = false;
			continue;
		}
		if (!arguments->cli->json)
			tell(outcome);
		json_array_append_new(outcomes, outcome);
	}
	done = done && view;
	json_decref(view);
	if (arguments->cli->json)
		json_print(json_pack("{s:b, s:o, s:s*}", "ok", done, "groups", outcomes, "error",
				     arguments->error.text[0] ? arguments->error.text : NULL));
	else
		json_decref(outcomes);
	return done ? CLI_OK : CLI_FAILURE;
}

int rekey_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "GROUP\n--all",
		.doc = "Have the key manager on this machine give a group a new key. Traffic goes "
		       "on: members switch when all have it. A request that comes during a rekey "
		       "is served by that rekey. With --wait, exit status 1 unless they have "
		       "switched in that time.",
		.children = cli_children};
	struct rekey_arguments arguments = {.cli = cli};
	struct client_daemon daemon;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	daemon = client_gkm(cli);
	return arguments.all ? rekey_all(&arguments, &daemon) : rekey_one(&arguments, &daemon);
}
