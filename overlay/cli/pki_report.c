/* SPDX-License-Identifier: BSD-3-Clause */
#include "pki_report.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "crl.h"
#include "json_text.h"

struct pki_report pki_report_begin(const char *command, bool json)
{
	return (struct pki_report){
		.command = command, .json = json, .results = json ? json_array() : NULL};
}

static json_t *path(const char *directory, const char *name, const char *suffix)
{
	json_t *text = NULL;
	char *joined;

	if (asprintf(&joined, "%s/%s.%s", directory, name, suffix) < 0)
		return NULL;
	text = json_text(joined);
	free(joined);
	return text;
}

void pki_report_made(struct pki_report *report, const char *directory, const char *name,
		     uint16_t sender_id)
{
	if (report->json) {
		json_array_append_new(report->results,
				      json_pack("{s:s, s:s, s:o, s:o, s:i}", "name", name, "state",
						"made", "certificate", path(directory, name, "crt"),
						"key", path(directory, name, "key"), "sender_id",
						(int)sender_id));
		return;
	}
	printf("%s: issued %s/%s.crt and %s.key", name, directory, name, name);
	if (sender_id)
		printf(" with SenderID %u", sender_id);
	printf("\n");
}

void pki_report_renewed(struct pki_report *report, const char *directory, const char *name,
			uint16_t sender_id, time_t old_end, const char *why)
{
	char end[CRL_TIME_SIZE];

	crl_time(old_end, end);
	if (report->json) {
		json_array_append_new(report->results,
				      json_pack("{s:s, s:s, s:o, s:o, s:i, s:s}", "name", name,
						"state", "renewed", "certificate",
						path(directory, name, "crt"), "key",
						path(directory, name, "key"), "sender_id",
						(int)sender_id, "ended", end));
		return;
	}
	printf("%s: renewed, the one before %s %s%s%s; copy %s/%s.crt and %s.key to it\n", name,
	       old_end <= time(NULL) ? "ended" : "ends", end, why ? " and " : "", why ? why : "",
	       directory, name, name);
}

void pki_report_kept(struct pki_report *report, const char *name, time_t until)
{
	char end[CRL_TIME_SIZE];

	crl_time(until, end);
	if (report->json)
		json_array_append_new(report->results,
				      json_pack("{s:s, s:s, s:s}", "name", name, "state", "kept",
						"not_after", end));
	else
		printf("%s: kept, ends %s\n", name, end);
}

void pki_report_revoked(struct pki_report *report, const char *directory, const char *what,
			size_t added, size_t total)
{
	if (report->json) {
		json_array_append_new(report->results,
				      json_pack("{s:s?, s:s, s:s+, s:I, s:I}", "name", what,
						"state", "listed", "crl", directory, "/crl.pem",
						"added", (json_int_t)added, "revoked",
						(json_int_t)total));
		return;
	}
	if (what)
		printf("%s: %zu %s revoked\n", what, added,
		       added == 1 ? "certificate is newly" : "certificates are newly");
	printf("%s/crl.pem lists %zu; copy it to the key manager, which reads it by itself\n",
	       directory, total);
}

void pki_report_missing(struct pki_report *report, const char *name)
{
	if (report->json)
		json_array_append_new(report->results,
				      json_pack("{s:s, s:s}", "name", name, "state", "missing"));
	else
		printf("%s: has no certificate yet (covey pki issue %s)\n", name, name);
}

void pki_report_skipped(struct pki_report *report, const char *name)
{
	if (report->json)
		json_array_append_new(report->results,
				      json_pack("{s:s, s:s}", "name", name, "state", "skipped"));
	else
		printf("%s: skipped, has a certificate (--force replaces it)\n", name);
}

void pki_report_failed(struct pki_report *report, const char *name, const char *reason)
{
	report->failed = true;
	if (report->json)
		json_array_append_new(report->results,
				      json_pack("{s:o?, s:s, s:o}", "name",
						name ? json_text(name) : NULL, "state", "failed",
						"error", json_text(reason)));
	else
		fprintf(stderr, "covey %s: %s%s%s\n", report->command, name ? name : "",
			name ? ": " : "", reason);
}

int pki_report_end(struct pki_report *report)
{
	if (report->json && json_print(json_pack("{s:b, s:o}", "ok", !report->failed, "results",
						 report->results)) < 0)
		return CLI_FAILURE;
	return report->failed ? CLI_FAILURE : CLI_OK;
}
