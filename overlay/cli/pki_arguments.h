/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What `covey pki` was asked for. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "inventory.h"
#include "pki_report.h"

#define PKI_GKM          "gkm" /* the key manager's name in file names and arguments */
#define PKI_HOST_DAYS    365
#define PKI_CLOCK_SKEW_S 300 /* a host whose clock is behind by this accepts new ones */

struct pki_arguments {
	struct cli *cli;
	const char *action; /* init, issue, renew, list, revoke or crl */
	const char *name;   /* a host, "gkm" or NULL */
	char **names;       /* renew: hosts or "gkm"; none: all */
	size_t name_count;
	const char *serial; /* hexadecimal, or NULL */
	long days;          /* 0: not given */
	uint64_t within_s;  /* renew: what ends so soon */
	bool within_given;
	bool all;
	bool force;
};

/* The caller sets cli. Exits with a message when the arguments make no sense. */
int pki_arguments_parse(struct pki_arguments *arguments, int argc, char **argv);

bool pki_is_action(const struct pki_arguments *arguments, const char *action);
/* "pki issue" and so on; for actions that pki_arguments_parse() has accepted. */
const char *pki_command_name(const char *action);
/* For how long what is issued is valid, in seconds. */
static inline long pki_validity_s(const struct pki_arguments *arguments)
{
	return (arguments->days ? arguments->days : PKI_HOST_DAYS) * 86400L;
}

/* In pki.c: report that the inventory has no such host. */
void pki_refuse_unknown(const struct pki_arguments *arguments, const char *name,
			const struct inventory *inventory, struct pki_report *report);
