/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cli.h"
#include "inventory.h"

/*
 * covey check --wire: have the members of a group send probes to each other, by unicast and
 * multicast, and print how each direction was seen on the wire. group: NULL: all that the local
 * covey-host has joined. Returns an exit status: CLI_OK when all were encrypted.
 */
int check_wire(struct cli *cli, const struct inventory *inventory, const char *group);
