/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a report says of the machine: what other programs print, and files.
 */

#include <jansson.h>

#include "cli.h"
#include "report_bundle.h"

/* Run what tells of versions, the machine, interfaces, routes, rules, sockets and services. host:
 * what covey-host said, for its uplinks; NULL: nothing. progress() is told each step. */
void report_system(struct bundle *bundle, const json_t *host, void (*progress)(const char *step));

/* What covey itself prints, with the options of cli; gkm: of the key manager. answers: it does. */
void report_covey(struct bundle *bundle, const struct cli *cli, bool gkm, bool answers);

/* Where the daemons' files are: their names and rights, nothing of what is in them. */
void report_files(struct bundle *bundle, const struct cli *cli);

/* The end of the daemons' logs: of the journal, or of the file log if it is not NULL. */
void report_log(struct bundle *bundle, const char *log);

/* The inventory at path, without what may be a password; if it cannot be read, that is said. */
void report_inventory_file(struct bundle *bundle, const char *path);

/* What the kernel has counted until now. */
void report_kernel_counters(struct bundle *bundle, const char *file);
