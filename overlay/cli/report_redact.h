/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What must not be in a report is taken out of a text here. Pure.
 */

/* What stands for it. */
#define REPORT_HIDDEN "HIDDEN"

/* A copy without private keys (PEM, also within JSON). If the end of a key is missing, all that
 * follows is left out. Free it with free(). NULL when there is no memory. */
char *report_redact_text(const char *text);

/*
 * A copy of rules as `nft list ruleset` prints them, without the values by which the guard knows
 * its own packets: priorities and source addresses of Ethernet, whoever's rules these are. Free it
 * with free(). NULL when there is no memory.
 */
char *report_redact_rules(const char *rules);

/* A copy of what `bridge fdb` prints that has only the entries to which all unknown addresses go:
 * others have tenants' addresses. Free it with free(). NULL when there is no memory. */
char *report_redact_fdb(const char *entries);
