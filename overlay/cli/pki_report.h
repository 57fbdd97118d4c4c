/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey pki` has done: for people line by line as it happens, for programs as one object at
 * the end.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct pki_report {
	const char *command; /* for messages: "pki issue" */
	bool json;
	bool failed;
	json_t *results;
};

struct pki_report pki_report_begin(const char *command, bool json);

void pki_report_made(struct pki_report *report, const char *directory, const char *name,
		     uint16_t sender_id);
/* It is so now in place of one that ended, or was to end, at old_end. why: NULL, or what else
 * was wrong with that one. */
void pki_report_renewed(struct pki_report *report, const char *directory, const char *name,
			uint16_t sender_id, time_t old_end, const char *why);
/* A certificate was good enough to stay until then. */
void pki_report_kept(struct pki_report *report, const char *name, time_t end);
/* what: a name, a serial number or NULL. added: how many were added to the list. total: how many
 * are on it now. */
void pki_report_revoked(struct pki_report *report, const char *directory, const char *what,
			size_t added, size_t total);
/* It has no certificate that could be renewed; this is no failure. */
void pki_report_missing(struct pki_report *report, const char *name);
void pki_report_skipped(struct pki_report *report, const char *name);
/* name: NULL when the failure is not about a host. */
void pki_report_failed(struct pki_report *report, const char *name, const char *reason);

/* Returns an exit status. */
int pki_report_end(struct pki_report *report);
