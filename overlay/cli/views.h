/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The parts of `covey show`. Each is printed to standard output from covey-host's whole answer.
 */

#include <jansson.h>
#include <stdbool.h>

/* The daemon's own certificates, from the whole answer of either daemon. */
void view_certificates(const json_t *answer);
void view_host(const json_t *answer);
void view_groups(const json_t *answer);
void view_sas(const json_t *answer);
void view_members(const json_t *answer);
void view_windows(const json_t *answer);
/* all: also reasons for which nothing was dropped. */
void view_drops(const json_t *answer, bool all);
/* What covey-host has let pass in clear. Prints nothing and returns false when that is nothing,
 * unless it shall say so. */
bool view_clear(const json_t *answer, bool always);
void view_ports(const json_t *answer);
void view_paths(const json_t *answer);
/* Says nothing where there is nothing to say. */
void view_probes(const json_t *answer);
/* all: also rules that have never dropped a packet. */
void view_guard(const json_t *answer, bool all);

/* From covey-gkm's whole answer. part: groups, sas or members; NULL for all. */
void view_gkm(const json_t *answer, const char *part);
