/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who sends VXLAN in clear, and to whom this host does: what the sets of own_rules.h have counted.
 * Pure.
 */

#include <covey/addr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guard_heard {
	struct covey_addr address; /* whose it is (in), or to whom it went (out) */
	uint32_t vni;
	uint64_t packets; /* since it was first heard, or since the guard was last put up anew */
	uint32_t ago_s;   /* since the last of them */
	bool out;
};

/*
 * Read them from a table as nft lists it with its counters. An entry is there for a minute after
 * its last packet. Fills at most max entries of list and returns how many there are; more than max
 * if not all had room.
 */
size_t guard_heard_read(const char *listing, struct guard_heard *list, size_t max);
