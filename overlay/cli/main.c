/* SPDX-License-Identifier: BSD-3-Clause */

/* The program `covey`: finds the command that a person has typed, and calls it. */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "verbs.h"

const char *argp_program_version = "covey " COVEY_VERSION;

struct choice_of_verb {
	struct cli *cli;
	const struct verb *verb;
	int at; /* the index of its name */
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct choice_of_verb *choice = state->input;
	char text[VERBS_TEXT_SIZE];

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = choice->cli;
		return 0;
	case ARGP_KEY_ARG:
		choice->verb = verbs_find(value, text);
		if (!choice->verb)
			argp_error(state, "%s", text);
		choice->at = state->next - 1;
		state->next = state->argc; /* the command itself reads the rest */
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int covey_main(struct cli *cli, int argc, char **argv)
{
	char *doc = verbs_doc();
	const struct argp argp = {.parser = parse,
				  .args_doc = "[COMMAND [ARGUMENTS]]",
				  .doc = doc,
				  .children = cli_children};
	struct choice_of_verb choice = {.cli = cli};
	char status[] = "status", *alone[] = {status, NULL};
	int result;

	/* ARGP_IN_ORDER: what comes after the command's name must not be read here. */
	result = cli_parse(&argp, argc, argv, ARGP_IN_ORDER, &choice);
	free(doc);
	if (result)
		return CLI_USAGE;
	if (!choice.verb)
		return verbs_run(verbs_find("status", NULL), cli, 1, alone);
	return verbs_run(choice.verb, cli, argc - choice.at, argv + choice.at);
}

int main(int argc, char **argv)
{
	struct cli cli = {.inventory = "/etc/covey/inventory.yaml",
			  .pki = "/etc/covey/pki",
			  .socket = "/run/covey/host.sock",
			  .gkm_socket = "/run/covey/gkm.sock"};
	int status;

	setlocale(LC_CTYPE, ""); /* a table aligns names by it */
	argp_err_exit_status = CLI_USAGE;
	status = covey_main(&cli, argc, argv);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) != 0 && status == CLI_OK) {
		perror("covey: standard output");
		status = CLI_FAILURE;
	}
	return status;
}
