/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who sends in clear: for each VNI, address and direction, how many packets passed in clear and
 * when the last one did. Each worker has a table of fixed size, which it alone writes. The control
 * thread reads it meanwhile, without a lock.
 *
 * Anybody can send in clear, from any address. So a place depends on a secret, and one whose last
 * packet is older than a minute is given to who comes next. Whoever finds no place is not in the
 * table; the caller counts that.
 */

#include <keyed_hash.h>
#include <stdbool.h>
#include <stdint.h>

/* Powers of two. Each key has two rows in which it may have its place. */
#define HEARD_PLACES       1024u
#define HEARD_ROW          8u
#define HEARD_KEPT_SECONDS 60u

/* Whom a place is for, as three words. */
struct heard_key {
	uint64_t words[3];
};

/* A cache line. Its worker writes the key only while sequence is odd; each other word at any time.
 */
struct heard_place {
	uint64_t sequence; /* 0: nobody had it yet */
	struct heard_key key;
	uint64_t packets;
	uint64_t would_drop; /* those of them that would be dropped if the group enforced */
	uint64_t reason;     /* of the last of these: enum covey_drop; COVEY_DROP_COUNT: none was */
	uint64_t seen;       /* when the last packet passed, by the CPU's time stamp counter */
};

struct heard {
	const struct keyed_hash *secret; /* shared, and never written while workers run */
	uint64_t kept;                   /* a place is its owner's for so long after a packet */
	struct heard_place places[HEARD_PLACES] __attribute__((aligned(64)));
};

/* kept: in ticks of the clock that heard_note() is given. NULL when out of memory. */
struct heard *heard_new(const struct keyed_hash *secret, uint64_t kept);
void heard_free(struct heard *heard);

/* Of an address of 4 or 16 bytes. */
struct heard_key heard_key_of(const uint8_t *address, bool ipv6, uint32_t vni, bool outbound);

/*
 * A packet passed in clear at this time. reason: why it would be dropped if the group enforced, or
 * COVEY_DROP_COUNT. False when there is no place for it. Only for the table's worker.
 */
bool heard_note(struct heard *heard, const struct heard_key *key, uint64_t reason, uint64_t now);

/* Read place number index into *ret_place. False when nobody has it, or its owner changes at the
 * moment. For any thread. */
bool heard_read(const struct heard *heard, uint32_t index, struct heard_place *ret_place);

static inline uint32_t heard_vni(const struct heard_key *key)
{
	return (uint32_t)key->words[2] & 0xffffff;
}

static inline bool heard_is_ipv6(const struct heard_key *key)
{
	return key->words[2] >> 24 & 1;
}

static inline bool heard_is_outbound(const struct heard_key *key)
{
	return key->words[2] >> 25 & 1;
}

static inline bool heard_same(const struct heard_key *a, const struct heard_key *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1] &&
	       a->words[2] == b->words[2];
}
