/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The UDP ports of what the fabric encrypts: VXLAN's, and those of other tunnels that it carries.
 * Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_PORTS_MAX       3
#define GUARD_PORTS_TEXT_SIZE 40

struct guard_ports {
	uint16_t list[GUARD_PORTS_MAX]; /* sorted */
	size_t count;
	/* As a rule has them: "4789", or "{ 4789, 6081 }"; hexadecimal where nft lists them so, as
	 * it does for a part of a packet that it has no name for. */
	char text[GUARD_PORTS_TEXT_SIZE], hex[GUARD_PORTS_TEXT_SIZE];
};

/* list: at most GUARD_PORTS_MAX, in any order. */
struct guard_ports guard_ports_of(const uint16_t *list, size_t count);
