/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The parts of `covey show`, each from covey-host's whole answer, to standard output.
 */

#include <jansson.h>
#include <stdbool.h>

/* Its own certificates, of either's whole answer. */
void view_certificates(const json_t *answer);
void view_host(const json_t *answer);
void view_groups(const json_t *answer);
void view_sas(const json_t *answer);
void view_members(const json_t *answer);
void view_windows(const json_t *answer);
/* all: also reasons that never occurred. */
void view_drops(const json_t *answer, bool all);
void view_ports(const json_t *answer);
/* all: also rules that never dropped a packet. */
void view_guard(const json_t *answer, bool all);

/* From covey-gkm's whole answer. part: groups, sas, members, NULL: all. */
void view_gkm(const json_t *answer, const char *part);
