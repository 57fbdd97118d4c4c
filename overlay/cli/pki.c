/* SPDX-License-Identifier: BSD-3-Clause */

/* covey pki: the certificate authority and what it issues. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "inventory.h"
#include "inventory_json.h"
#include "pki.h"
#include "pki_report.h"
#include "suggest.h"

#define DAY          86400L
#define DAYS_MAX     36500L
#define CA_DAYS      3650
#define HOST_DAYS    365
#define CRL_DAYS     30
#define CLOCK_SKEW_S 300 /* a host whose clock is behind by this accepts new ones */
#define GKM          "gkm"

struct pki_arguments {
	struct cli *cli;
	const char *action; /* one of actions[] */
	const char *name;   /* a host, "gkm" or NULL */
	const char *serial; /* hexadecimal, or NULL */
	long days;          /* 0: not given */
	bool all;
	bool force;
};

enum { OPTION_ALL = 0x100, OPTION_DAYS, OPTION_FORCE, OPTION_SERIAL };

static const struct argp_option table[] = {
	{"all", OPTION_ALL, NULL, 0, "The key manager and every host that has no certificate yet",
	 0},
	{"days", OPTION_DAYS, "N", 0, "Validity (CA: 3650, certificates: 365, list: 30)", 0},
	{"force", OPTION_FORCE, NULL, 0, "Replace certificates and keys that are there", 0},
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

static bool is_action(const struct pki_arguments *arguments, const char *action)
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

static void check_usage(const struct pki_arguments *arguments, struct argp_state *state)
{
	if (!arguments->action)
		argp_error(state, "what to do is missing: init, issue, revoke or crl");
	else if (is_action(arguments, "issue"))
		check_issue(arguments, state);
	else if (is_action(arguments, "revoke"))
		check_revoke(arguments, state);
	else if (!is_action(arguments, "init") && !is_action(arguments, "crl"))
		argp_error(state, "unknown action %s: there are init, issue, revoke and crl",
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
	case ARGP_KEY_ARG:
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

static void init(const struct pki_arguments *arguments, const struct inventory *inventory,
		 struct pki_report *report)
{
	const char *directory = arguments->cli->pki;
	struct covey_error error;

	if (pki_init(directory, inventory->fabric,
		     (unsigned)(arguments->days ? arguments->days : CA_DAYS), &error) < 0) {
		pki_report_failed(report, NULL, error.text);
		return;
	}
	if (report->json) {
		pki_report_made(report, directory, "ca", 0);
		return;
	}
	printf("Made the certificate authority of fabric %s: %s/ca.crt and %s/ca.key.\n"
	       "Keep ca.key on this machine alone. Next: covey pki issue --all\n",
	       inventory->fabric, directory, directory);
}

static bool file_exists(const char *directory, const char *name, const char *suffix)
{
	char *path;
	bool exists;

	if (asprintf(&path, "%s/%s.%s", directory, name, suffix) < 0)
		return false;
	exists = access(path, F_OK) == 0;
	free(path);
	return exists;
}

/* Skip a certificate that exists. If it belongs to another fabric, or cannot be used any more,
 * report that. */
static void skip(const struct pki_arguments *arguments, const struct inventory *inventory,
		 const struct inventory_host *host, struct pki_report *report)
{
	const char *name = host ? host->name : GKM;
	struct covey_error error;

	if (pki_check(arguments->cli->pki, host ? IDENTITY_HOST : IDENTITY_GKM, inventory->fabric,
		      name, &error) < 0)
		pki_report_failed(report, name, error.text);
	else
		pki_report_skipped(report, name);
}

/* Issue a certificate for one host; if host is NULL, for the key manager. */
static void issue(const struct pki_arguments *arguments, const struct inventory *inventory,
		  const struct inventory_host *host, struct pki_report *report)
{
	const char *directory = arguments->cli->pki;
	const char *name = host ? host->name : GKM;
	uint16_t sender_id = host ? host->sender_id : 0;
	struct covey_error error;

	if (arguments->all && !arguments->force && file_exists(directory, name, "crt") &&
	    file_exists(directory, name, "key"))
		skip(arguments, inventory, host, report);
	else if (pki_issue(directory, host ? IDENTITY_HOST : IDENTITY_GKM, inventory->fabric, name,
			   sender_id, -CLOCK_SKEW_S,
			   (arguments->days ? arguments->days : HOST_DAYS) * DAY, arguments->force,
			   &error) < 0)
		pki_report_failed(report, name, error.text);
	else
		pki_report_made(report, directory, name, sender_id);
}

/* Continues after a failure: if one host's files are broken, the others still get theirs. */
static void issue_all(const struct pki_arguments *arguments, const struct inventory *inventory,
		      struct pki_report *report)
{
	issue(arguments, inventory, NULL, report);
	/* Without a CA, every host would fail with the same words. */
	if (report->failed && !file_exists(arguments->cli->pki, "ca", "crt"))
		return;
	for (size_t i = 0; i < inventory->host_count; i++)
		issue(arguments, inventory, &inventory->hosts[i], report);
}

static void refuse_unknown(const struct pki_arguments *arguments, const struct inventory *inventory,
			   struct pki_report *report)
{
	struct suggestion suggestion = suggestion_start(arguments->name);
	char hint[SUGGESTION_SIZE];
	char *reason;

	suggestion_try(&suggestion, GKM);
	for (size_t i = 0; i < inventory->host_count; i++)
		suggestion_try(&suggestion, inventory->hosts[i].name);
	if (asprintf(&reason, "%s has no host %s%s: add it there with its covey_vtep first",
		     arguments->cli->inventory, arguments->name,
		     suggestion_format(&suggestion, hint)) < 0)
		reason = NULL;
	pki_report_failed(report, NULL, reason ? reason : "out of memory");
	free(reason);
}

static void issue_one(const struct pki_arguments *arguments, const struct inventory *inventory,
		      struct pki_report *report)
{
	const struct inventory_host *host = inventory_find_host(inventory, arguments->name);

	if (host || strcmp(arguments->name, GKM) == 0)
		issue(arguments, inventory, host, report);
	else
		refuse_unknown(arguments, inventory, report);
}

/* Make the list again, with more certificates or with the same. The host may not be in the
 * inventory any more. */
static void revise_list(const struct pki_arguments *arguments, const struct inventory *inventory,
			struct pki_report *report)
{
	const char *directory = arguments->cli->pki;
	const char *what = arguments->name ? arguments->name : arguments->serial;
	struct pki_revoked revoked;
	struct covey_error error;

	if (pki_revoke(directory, inventory->fabric, arguments->name, arguments->serial,
		       (unsigned)(arguments->days ? arguments->days : CRL_DAYS), &revoked,
		       &error) < 0)
		pki_report_failed(report, what, error.text);
	else
		pki_report_revoked(report, directory, what, revoked.added, revoked.total);
}

/* No certificate is valid for longer than its CA. A person who asks for more is told so, and gets
 * no certificate. */
static bool fits_ca(const struct pki_arguments *arguments, struct pki_report *report)
{
	struct covey_error error;
	char *reason;
	long left;

	/* If something is wrong with the CA, the code that needs it will say so. */
	if (pki_days_left(arguments->cli->pki, &left, &error) < 0)
		return true;
	if (arguments->days == 0 && left < HOST_DAYS && !report->json)
		fprintf(stderr, "covey %s: the CA ends in %ld days, and what it issues with it\n",
			report->command, left);
	if (arguments->days <= left)
		return true;
	if (asprintf(&reason,
		     "--days %ld is more than the CA has, which ends in %ld days: ask for %ld at "
		     "most, or make a new CA in another directory",
		     arguments->days, left, left) < 0)
		reason = NULL;
	pki_report_failed(report, NULL, reason ? reason : "out of memory");
	free(reason);
	return false;
}

static void run(const struct pki_arguments *arguments, const struct inventory *inventory,
		struct pki_report *report)
{
	if (is_action(arguments, "init"))
		init(arguments, inventory, report);
	else if (!is_action(arguments, "issue"))
		revise_list(arguments, inventory, report);
	else if (!fits_ca(arguments, report))
		return;
	else if (arguments->all)
		issue_all(arguments, inventory, report);
	else
		issue_one(arguments, inventory, report);
}

/* Only for actions that check_usage() has accepted. */
static const char *command_name(const char *action)
{
	static const char *const commands[] = {"pki init", "pki issue", "pki revoke", "pki crl"};
	size_t i = 0;

	while (strcmp(commands[i] + strlen("pki "), action) != 0)
		i++;
	return commands[i];
}

/* NULL: it has mistakes, and all of them were printed. */
static struct inventory *load_inventory(const struct cli *cli)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;

	diagnostics_init(&diagnostics);
	inventory_load(cli->inventory, &diagnostics, &inventory);
	if (!inventory && cli->json)
		inventory_json_print(NULL, &diagnostics);
	else
		diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	return inventory;
}

int pki_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "init\nissue HOST\nissue gkm\nissue --all\nrevoke HOST\nrevoke "
			    "gkm\nrevoke --serial HEX\ncrl",
		.doc = "Make the fabric's certificate authority (init), the certificates of its "
		       "hosts and key manager (issue), and the list of those that are revoked "
		       "(revoke; crl makes it again with new dates), in the directory of --pki."
		       "\vCopy ca.crt, HOST.crt and HOST.key to each host, and crl.pem to the key "
		       "manager; ca.key stays here.",
		.children = cli_children};
	struct pki_arguments arguments = {.cli = cli};
	struct inventory *inventory;
	struct pki_report report;

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return CLI_USAGE;
	inventory = load_inventory(cli);
	if (!inventory)
		return CLI_FAILURE;
	report = pki_report_begin(command_name(arguments.action), cli->json);
	run(&arguments, inventory, &report);
	inventory_free(inventory);
	return pki_report_end(&report);
}
