/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The token by which the hooks of devices know that a packet has passed this host's own output
 * hook. The mark does not prove that. A container's macvlan on an uplink, and a VLAN device of one
 * that was moved into a container, hand packets to the uplink with the mark that the container has
 * set, past all IP hooks of the host.
 *
 * It is a random number, which the rules at the output hook write into the packet's priority, and
 * those at the uplink ask for. It is in the rules alone: to read these takes CAP_NET_ADMIN in the
 * host's namespace. The hook of the host interface takes it out again, so no queue of it sees it.
 *
 * The priority is used because between these two hooks hardly anything else uses it. The rest of
 * the mark is not free: other programs' rules behind the output hook know packets by it.
 */

#include <stdint.h>

/* A token, never 0. */
uint32_t guard_token_draw(void);

#define GUARD_TOKEN_TEXT_SIZE 64

/* Write a part of a rule, with a space behind it. Of the token 0, it is empty. These return
 * ret_text. */

/* The statement that gives a packet the token. */
const char *guard_token_give(uint32_t token, char ret_text[GUARD_TOKEN_TEXT_SIZE]);
/* The condition that it has the token, and the statement that takes it out. */
const char *guard_token_take(uint32_t token, char ret_text[GUARD_TOKEN_TEXT_SIZE]);
/* The condition that it does not have the token. */
const char *guard_token_refuse(uint32_t token, char ret_text[GUARD_TOKEN_TEXT_SIZE]);

/* The comment of the rule at uplinks that refuses. */
#define GUARD_TOKEN_REFUSED "VXLAN that did not pass this host's output hook"

/* So many packets that were refused are an attempt to guess the token. Of 4096 attempts with so
 * many packets, one finds it. */
#define GUARD_TOKEN_GUESSES_MAX (UINT64_C(1) << 20)

/* How many packets were refused, by rules as nft lists them with their counters. */
uint64_t guard_token_refused(const char *rules);

/* The token of rules as text: ours, or as nft lists them. 0: there is none. */
uint32_t guard_token_read(const char *rules);
