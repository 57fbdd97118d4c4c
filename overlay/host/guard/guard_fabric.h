/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the guard has of the fabric's VNIs, for tunnels of ports that are not the fabric's: a set of
 * ranges, and a chain for first fragments that end before a VNI. Pure.
 */

#include <covey/vnis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The set, and the chain. */
#define GUARD_SET_FABRIC  "fabric"
#define GUARD_CHAIN_CUT   "first_cut"
#define GUARD_FOREIGN_CUT "first fragment of a tunnel of another port, without its VNI"

/* Write both into a table. The chain is for first fragments of tunnels: what has no VNI is dropped.
 */
void guard_fabric_write(FILE *stream, const struct covey_vnis *vnis, size_t count);

/* True if the sets in both texts, ours or as nft lists them, hold the same VNIs, in whatever
 * ranges; also if neither text has one. False also without memory. */
bool guard_fabric_same(const char *asked, const char *listed);
