/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How many answers a tenant gets to what does not fit (too_big.h). A tenant chooses the addresses
 * that it sends from, but not the VNI. So each VNI has places of its own, which no other VNI can
 * use up, and in them each sender has its share, as far as a few places can tell. Pure: time and
 * the secret come in. One worker uses it.
 */

#include "keyed_hash.h"
#include <stdbool.h>
#include <stdint.h>

/* A sender gets TOO_BIG_BURST answers at once, and then one each TOO_BIG_REFILL_MS. */
#define TOO_BIG_BURST     8u
#define TOO_BIG_REFILL_MS 50u
/* Of one VNI. Senders that fall into the same place share it. */
#define TOO_BIG_SENDERS 8u
/* VNIs. Where TOO_BIG_WAYS fall into one set, the one that asked least recently is forgotten. */
#define TOO_BIG_SETS 64u
#define TOO_BIG_WAYS 4u

struct too_big_vni {
	uint64_t asked_ms;
	uint64_t since_ms[TOO_BIG_SENDERS]; /* up to when it was refilled */
	uint32_t vni_plus_1;                /* 0: none */
	uint8_t used[TOO_BIG_SENDERS];
};

struct too_big_pace {
	struct too_big_vni vnis[TOO_BIG_SETS][TOO_BIG_WAYS];
};

/* Is there an answer left for the sender with this IP address (IPv4's is followed by zeros)? Takes
 * it. now_ms never falls. */
bool too_big_pace_take(struct too_big_pace *pace, const struct keyed_hash *secret, uint32_t vni,
		       const uint8_t address[16], uint64_t now_ms);
