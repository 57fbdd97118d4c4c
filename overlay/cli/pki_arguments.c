/* SPDX-License-Identifier: BSD-3-Clause */

#include "pki_arguments.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"

#define DAYS_MAX         36500L
#define DAY_S            86400ULL
#define WITHIN_DEFAULT_S (30 * DAY_S)

enum { OPTION_ALL = 0x100, OPTION_DAYS, OPTION_FORCE, OPTION_SERIAL, OPTION_WITHIN };

static const struct argp_option table[] = {
	{"all", OPTION_ALL, NULL, 0,
	 "issue: the key manager and every host that has none yet; list: replaced ones, too", 0},
	{"days", OPTION_DAYS, "N", 0, "Days of validity (CA: 3650, certificates: 365, list: 30)",
	 0},
	{"force", OPTION_FORCE, NULL, 0, "Replace certificates and keys that are there", 0},
	{"within", OPTION_WITHIN, "TIME", 0, "renew: what ends within this time (30d)", 0},
	{"serial", OPTION_SERIAL, "HEX", 0, "Revoke the certificate with this serial number", 0},
	{0},
};

static long parse_days(const char *text, struct argp_state *state)
{
	char *end;
	long days = strtol(text, &end, 10);

	if (end == text || *end || days < 1 || days > DAYS_MAX)
		argp_error(state, "--days must be a number from 1 to %ld, not %s", DAYS_MAX, text);
	return days;
}

bool pki_is_action(const struct pki_arguments *arguments, const char *action)
{
	return strcmp(arguments->action, action) == 0;
}

static void check_issue(const struct pki_arguments *arguments, struct argp_state *state)
{
	if (arguments->all == (arguments->name != NULL))
		argp_error(state, "issue for whom? Name one host, gkm, or give --all");
	if (arguments->serial)
		argp_error(state, "issue chooses the serial number by itself");
}

static void check_revoke(const struct pki_arguments *arguments, struct argp_state *state)
{
	if ((arguments->serial != NULL) == (arguments->name != NULL))
		argp_error(state, "revoke what? Name one host or gkm, or give --serial");
	if (arguments->all || arguments->force)
		argp_error(state, "revoke takes no --all and no --force");
}

static void check_list(const struct pki_arguments *arguments, struct argp_state *state)
{
	if (arguments->name || arguments->serial || arguments->force || arguments->days)
		argp_error(state, "list takes --all alone");
}

static void check_renew(const struct pki_arguments *arguments, struct argp_state *state)
{
	if (arguments->all || arguments->serial || arguments->force)
		argp_error(state, "renew takes no --all, no --force and no --serial; without a "
				  "name it looks at all");
}

static uint64_t parse_within(const char *text, struct argp_state *state)
{
	uint64_t seconds = 0;

	if (duration_parse(text, &seconds) < 0 || seconds > DAYS_MAX * DAY_S)
		argp_error(state, "--within is a time like 30d or 12h, not %s", text);
	return seconds;
}

static void check_usage(const struct pki_arguments *arguments, struct argp_state *state)
{
	if (arguments->within_given && (!arguments->action || !pki_is_action(arguments, "renew")))
		argp_error(state, "--within goes with renew");
	if (!arguments->action)
		argp_error(state, "what to do is missing: init, issue, renew, list, revoke or crl");
	else if (pki_is_action(arguments, "issue"))
		check_issue(arguments, state);
	else if (pki_is_action(arguments, "revoke"))
		check_revoke(arguments, state);
	else if (pki_is_action(arguments, "renew"))
		check_renew(arguments, state);
	else if (pki_is_action(arguments, "list"))
		check_list(arguments, state);
	else if (!pki_is_action(arguments, "init") && !pki_is_action(arguments, "crl"))
		argp_error(state,
			   "unknown action %s: there are init, issue, renew, list, "
			   "revoke and crl",
			   arguments->action);
	else if (arguments->name || arguments->serial || arguments->all || arguments->force)
		argp_error(state, "%s takes no host, no --serial, no --all and no --force",
			   arguments->action);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct pki_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		arguments->within_s = WITHIN_DEFAULT_S;
		return 0;
	case OPTION_ALL:
		arguments->all = true;
		return 0;
	case OPTION_SERIAL:
		arguments->serial = value;
		return 0;
	case OPTION_FORCE:
		arguments->force = true;
		return 0;
	case OPTION_DAYS:
		arguments->days = parse_days(value, state);
		return 0;
	case OPTION_WITHIN:
		arguments->within_s = parse_within(value, state);
		arguments->within_given = true;
		return 0;
	case ARGP_KEY_ARGS: /* what follows renew */
		arguments->names = state->argv + state->next;
		arguments->name_count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0 && pki_is_action(arguments, "renew"))
			return ARGP_ERR_UNKNOWN; /* all at once */
		if (state->arg_num > 1)
			argp_error(state, "one host at a time: %s is too much", value);
		else if (state->arg_num == 1)
			arguments->name = value;
		else
			arguments->action = value;
		return 0;
	case ARGP_KEY_END:
		check_usage(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const char *pki_command_name(const char *action)
{
	static const char *const commands[] = {"pki init", "pki issue",  "pki renew",
					       "pki list", "pki revoke", "pki crl"};
	size_t i = 0;

	while (strcmp(commands[i] + strlen("pki "), action) != 0)
		i++;
	return commands[i];
}

int pki_arguments_parse(struct pki_arguments *arguments, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "init\nissue HOST\nissue gkm\nissue --all\nrenew "
			    "[HOST|gkm...]\nlist\nrevoke "
			    "HOST\nrevoke gkm\nrevoke --serial HEX\ncrl",
		.doc = "Make the fabric's certificate authority (init), the certificates of its "
		       "hosts and key manager (issue), others in place of those that end soon "
		       "(renew), list them (list), and make the list of those that are revoked "
		       "(revoke; crl makes it again with new dates), in the directory of --pki."
		       "\vCopy ca.crt, HOST.crt and HOST.key to each host, and crl.pem to the key "
		       "manager; ca.key stays here.",
		.children = cli_children};

	return cli_parse(&argp, argc, argv, 0, arguments);
}
