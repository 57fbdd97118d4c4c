/* SPDX-License-Identifier: BSD-3-Clause */

/* The program `covey`: finds the command that a person has typed, and calls it. */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "suggest.h"

const char *argp_program_version = "covey " COVEY_VERSION;

struct command {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
};

static const struct command commands[] = {
	{"check", check_main}, {"pki", pki_main},     {"join", join_main},
	{"leave", leave_main}, {"show", show_main},   {"status", status_main},
	{"rekey", rekey_main}, {"evict", evict_main}, {"readmit", readmit_main},
	{"mode", mode_main},   {"ping", ping_main},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char doc[] =
	"One group key for a fabric of VXLAN hosts.\n"
	"\n"
	"Commands:\n"
	"  check    read the inventory and report every mistake in it; --wire: see how packets\n"
	"           of a group are on the wire\n"
	"  pki      make the certificate authority and the hosts' certificates\n"
	"  join     have this host join a group\n"
	"  leave    have this host leave a group\n"
	"  show     what this host does: groups, SAs, members, windows, drops, ports;\n"
	"           --gkm: what the key manager on this machine does\n"
	"  status   whether all is well here; the exit status says so, too\n"
	"  ping     send probes to a host, and say how they were seen on the wire\n"
	"  rekey    have the key manager on this machine replace a group's key\n"
	"  evict    have it throw a host out of a group, or of all\n"
	"  readmit  undo that\n"
	"  mode     show or change whether a group's members send in clear or encrypted\n"
	"\v`covey COMMAND --help` tells more. Exit status: 0 done, 1 failed, 2 wrong usage.";

struct choice_of_command {
	struct cli *cli;
	const struct command *command;
	int next; /* index of the first argument after the command's name */
};

static const struct command *find(const char *name, struct argp_state *state)
{
	struct suggestion suggestion = suggestion_start(name);
	char hint[SUGGESTION_SIZE];

	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		suggestion_try(&suggestion, commands[i].name);
	}
	argp_error(state,
		   "unknown command %s%s: there are check, pki, join, leave, show, status, ping, "
		   "rekey, evict, readmit and mode",
		   name, suggestion_format(&suggestion, hint));
	return NULL;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct choice_of_command *choice = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = choice->cli;
		return 0;
	case ARGP_KEY_ARG:
		choice->command = find(value, state);
		choice->next = state->next;
		state->next = state->argc; /* the command itself reads the rest */
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state,
			   "a command is missing: check, pki, join, leave, show, status, ping, "
			   "rekey, evict, readmit or mode");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {.parser = parse,
					 .args_doc = "COMMAND [ARGUMENTS]",
					 .doc = doc,
					 .children = cli_children};
	struct cli cli = {.inventory = "/etc/covey/inventory.yaml",
			  .pki = "/etc/covey/pki",
			  .socket = "/run/covey/host.sock",
			  .gkm_socket = "/run/covey/gkm.sock"};
	struct choice_of_command choice = {.cli = &cli};
	char name[32];
	int status;

	setlocale(LC_CTYPE, ""); /* a table aligns names by it */
	argp_err_exit_status = CLI_USAGE;
	/* ARGP_IN_ORDER: what comes after the command's name must not be read here. */
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &choice) || !choice.command)
		return CLI_USAGE;
	snprintf(name, sizeof(name), "covey %s", choice.command->name);
	argv[choice.next - 1] = name;
	status = choice.command->run(&cli, argc - choice.next + 1, argv + choice.next - 1);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) != 0 && status == CLI_OK) {
		perror("covey: standard output");
		status = CLI_FAILURE;
	}
	return status;
}
