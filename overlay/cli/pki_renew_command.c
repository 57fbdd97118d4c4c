/* SPDX-License-Identifier: BSD-3-Clause */
#include "pki_renew_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pki.h"

/* Who is looked at. */
struct renewal {
	const struct pki_arguments *arguments;
	const struct inventory *inventory;
	struct pki_report *report;
};

/* What is in the inventory wins; else it stays as it was: another number would be another sender.
 */
static uint16_t sender_id_of(const struct inventory_host *host, const struct pki_standing *standing)
{
	if (!host)
		return 0;
	return host->sender_id ? host->sender_id : standing->sender_id;
}

static void issue(const struct renewal *renewal, const struct inventory_host *host,
		  const struct pki_standing *standing)
{
	const struct pki_arguments *arguments = renewal->arguments;
	const char *directory = arguments->cli->pki, *name = host ? host->name : PKI_GKM;
	uint16_t sender_id = sender_id_of(host, standing);
	struct covey_error error;

	if (pki_issue(directory, host ? IDENTITY_HOST : IDENTITY_GKM, renewal->inventory->fabric,
		      name, sender_id, -PKI_CLOCK_SKEW_S, pki_validity_s(arguments), true,
		      &error) < 0)
		pki_report_failed(renewal->report, name, error.text);
	else
		pki_report_renewed(renewal->report, directory, name, sender_id, standing->ends,
				   standing->of_this_ca ? NULL : "is by another CA");
}

/* A new one would end with the CA as well. */
static bool is_bound_by_ca(const struct pki_standing *standing)
{
	return standing->of_this_ca && standing->ends >= standing->ca_ends;
}

static bool is_due(const struct renewal *renewal, const struct pki_standing *standing)
{
	return !standing->of_this_ca ||
	       standing->ends - time(NULL) <= (long long)renewal->arguments->within_s;
}

/* named: a person asks for this one. host: NULL is the key manager. */
static void renew(const struct renewal *renewal, const struct inventory_host *host, bool named)
{
	const char *name = host ? host->name : PKI_GKM;
	struct pki_standing standing;
	struct covey_error error;
	int status = pki_stand(renewal->arguments->cli->pki, host ? IDENTITY_HOST : IDENTITY_GKM,
			       renewal->inventory->fabric, name, &standing, &error);

	if (status == -ENOENT) {
		snprintf(error.text, sizeof(error.text),
			 "has no certificate yet: covey pki issue %s", name);
		if (named)
			pki_report_failed(renewal->report, name, error.text);
		else
			pki_report_missing(renewal->report, name);
	} else if (status < 0) {
		pki_report_failed(renewal->report, name, error.text);
	} else if (!is_due(renewal, &standing)) {
		pki_report_kept(renewal->report, name, standing.ends);
	} else if (is_bound_by_ca(&standing)) {
		pki_report_failed(renewal->report, name,
				  "ends with its CA, and so would a new one: make a new CA in "
				  "another directory, with covey pki init");
	} else {
		issue(renewal, host, &standing);
	}
}

static void renew_all(const struct renewal *renewal)
{
	renew(renewal, NULL, false);
	for (size_t i = 0; i < renewal->inventory->host_count; i++)
		renew(renewal, &renewal->inventory->hosts[i], false);
}

void pki_renew_command(const struct pki_arguments *arguments, const struct inventory *inventory,
		       struct pki_report *report)
{
	const struct renewal renewal = {arguments, inventory, report};
	struct covey_error error;
	long left;

	/* Without a CA, every host would fail with the same words. */
	if (pki_days_left(arguments->cli->pki, &left, &error) < 0) {
		pki_report_failed(report, NULL, error.text);
		return;
	}
	if (arguments->name_count == 0)
		renew_all(&renewal);
	for (size_t i = 0; i < arguments->name_count; i++) {
		const char *name = arguments->names[i];
		const struct inventory_host *host = inventory_find_host(inventory, name);

		if (host || strcmp(name, PKI_GKM) == 0)
			renew(&renewal, host, true);
		else
			pki_refuse_unknown(arguments, name, inventory, report);
	}
}
