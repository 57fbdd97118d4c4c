/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The interfaces that no route leads to yet, but may later: a routing daemon often comes after
 * covey-host.
 */

#include <stdint.h>

struct uplinks_wanted;

/* The largest MTU of those that are up, bytes. 0: there is none, or the uplinks do not follow the
 * routes. What is a port of a bridge or a bond does not count: no route leads there. */
uint16_t possible_uplinks_mtu(const struct uplinks_wanted *wanted);
