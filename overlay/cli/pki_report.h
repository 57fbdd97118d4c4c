/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey pki` has done: for people line by line as it happens, for programs as one object at
 * the end.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pki_report {
	const char *command; /* for messages: "pki issue" */
	bool json;
	bool failed;
	json_t *results;
};

struct pki_report pki_report_begin(const char *command, bool json);

void pki_report_made(struct pki_report *report, const char *directory, const char *name,
		     uint16_t sender_id);
/* what: a name, a serial number or NULL. added: how many were added to the list. total: how many
 * are on it now. */
void pki_report_revoked(struct pki_report *report, const char *directory, const char *what,
			size_t added, size_t total);
void pki_report_skipped(struct pki_report *report, const char *name);
/* name: NULL when the failure is not about a host. */
void pki_report_failed(struct pki_report *report, const char *name, const char *reason);

/* Returns an exit status. */
int pki_report_end(struct pki_report *report);
