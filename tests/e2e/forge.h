/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What an attacker on the fabric can make of a packet that he captured.
 */

#include <stddef.h>
#include <stdint.h>

#include "capture.h"

#define FORGE_MEMBERS_MAX 8

/* A sender on the roster. */
struct forge_member {
	uint16_t sender_id;
	uint8_t address[16];
};

struct forge {
	uint8_t address[16];                            /* what to re-address to */
	uint8_t mac[6];                                 /* the destination's for it */
	uint16_t sender_id;                             /* another's */
	uint32_t turn;                                  /* 0 for the first frame, then 1, ... */
	uint32_t vni;                                   /* of clear VXLAN */
	uint8_t canary[16];                             /* in clear VXLAN */
	uint8_t inner_mac[6];                           /* its inner destination */
	struct forge_member members[FORGE_MEMBERS_MAX]; /* of a flood */
	size_t member_count;
};

/* Change the captured packet in place. */
typedef void forge_function(const struct forge *forge, struct captured *captured);

/* NULL when there is none of that name. */
forge_function *forge_find(const char *name);
/* Name number i, or NULL behind the last. */
const char *forge_name(size_t i);
