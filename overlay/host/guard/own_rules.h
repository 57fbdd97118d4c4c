/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A second table, with the uplinks' last word, as text: in it VXLAN in clear is dropped, whatever
 * became of the guard. It belongs to the process that makes it (flags owner): nobody else can
 * change or remove it, `nft flush ruleset` included, and it ends with the process. The name has the
 * process's id.
 *
 * Because it ends with the process, covey-host's also has the rules that must: VXLAN of groups in
 * transition is steered to covey-host before the guard's own rules let it leave in clear. And it
 * counts what passes in clear. Pure.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>

struct guard_config;

/* The sets that count VXLAN in clear, by address and VNI. */
#define OWN_HEARD     "heard_"
#define OWN_HEARD_IN  OWN_HEARD "in" /* with the address family behind it: "heard_in4" */
#define OWN_HEARD_OUT OWN_HEARD "out"
/* For so many seconds after the last packet. There is room for COVEY_GUARD_HEARD_MAX. */
#define OWN_HEARD_S 60u

#define OWN_RULES_NAME_SIZE (sizeof("covey_guard_/own/4294967295") + 3 * (IFNAMSIZ - 1))
void own_rules_name(const char *host_interface, unsigned process, char *ret_name);

/* Write what removes an older table of that name. It belongs into the transaction that begins with
 * it. */
void own_rules_write_removal(FILE *stream, const char *host_interface, unsigned process);
/* Write the table. steers: for covey-host itself, not for a process that only keeps the guard. */
void own_rules_write(FILE *stream, const struct guard_config *config, bool steers,
		     unsigned process);
