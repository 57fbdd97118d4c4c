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
#include "pki_arguments.h"
#include "pki_list_command.h"
#include "pki_renew_command.h"
#include "pki_report.h"
#include "suggest.h"

#define CA_DAYS  3650
#define CRL_DAYS 30

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
	const char *name = host ? host->name : PKI_GKM;
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
	const char *name = host ? host->name : PKI_GKM;
	uint16_t sender_id = host ? host->sender_id : 0;
	struct covey_error error;

	if (arguments->all && !arguments->force && file_exists(directory, name, "crt") &&
	    file_exists(directory, name, "key"))
		skip(arguments, inventory, host, report);
	else if (pki_issue(directory, host ? IDENTITY_HOST : IDENTITY_GKM, inventory->fabric, name,
			   sender_id, -PKI_CLOCK_SKEW_S, pki_validity_s(arguments),
			   arguments->force, &error) < 0)
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

void pki_refuse_unknown(const struct pki_arguments *arguments, const char *name,
			const struct inventory *inventory, struct pki_report *report)
{
	struct suggestion suggestion = suggestion_start(name);
	char hint[SUGGESTION_SIZE];
	char *reason;

	suggestion_try(&suggestion, PKI_GKM);
	for (size_t i = 0; i < inventory->host_count; i++)
		suggestion_try(&suggestion, inventory->hosts[i].name);
	if (asprintf(&reason, "%s has no host %s%s: add it there with its covey_vtep first",
		     arguments->cli->inventory, name, suggestion_format(&suggestion, hint)) < 0)
		reason = NULL;
	pki_report_failed(report, NULL, reason ? reason : "out of memory");
	free(reason);
}

static void issue_one(const struct pki_arguments *arguments, const struct inventory *inventory,
		      struct pki_report *report)
{
	const char *name = arguments->name;
	const struct inventory_host *host = inventory_find_host(inventory, name);

	if (host || strcmp(name, PKI_GKM) == 0)
		issue(arguments, inventory, host, report);
	else
		pki_refuse_unknown(arguments, name, inventory, report);
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
	if (arguments->days == 0 && left < PKI_HOST_DAYS && !report->json)
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
	bool renew = pki_is_action(arguments, "renew");

	if (pki_is_action(arguments, "init"))
		init(arguments, inventory, report);
	else if (!renew && !pki_is_action(arguments, "issue"))
		revise_list(arguments, inventory, report);
	else if (!fits_ca(arguments, report))
		return;
	else if (renew)
		pki_renew_command(arguments, inventory, report);
	else if (arguments->all)
		issue_all(arguments, inventory, report);
	else
		issue_one(arguments, inventory, report);
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
	struct pki_arguments arguments = {.cli = cli};
	struct inventory *inventory;
	struct pki_report report;

	if (pki_arguments_parse(&arguments, argc, argv))
		return CLI_USAGE;
	inventory = load_inventory(cli);
	if (!inventory)
		return CLI_FAILURE;
	if (pki_is_action(&arguments, "list")) {
		int status = pki_list_command(&arguments, inventory);

		inventory_free(inventory);
		return status;
	}
	report = pki_report_begin(pki_command_name(arguments.action), cli->json);
	run(&arguments, inventory, &report);
	inventory_free(inventory);
	return pki_report_end(&report);
}
