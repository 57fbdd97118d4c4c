/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who holds which SenderID in a group, and which one an identity gets. Pure: nothing here is
 * durable, the caller commits a choice before it lets it take effect (design: "Why an IV can never
 * repeat", rule 1).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sender_id_holder {
	char *identity;
	/* 0: bound to the identity. Else the identity has another one by now, but used this one
	 * with SAs up to this SPI: nobody else gets it before they are gone. */
	uint32_t former_until_spi;
	uint32_t digest; /* of the identity, so that most comparisons are of numbers */
	uint16_t sender_id;
	bool kept; /* former, and perhaps used with an SA of an earlier instance too */
};

/* Sorted by sender_id, at most one holder each. Zero-initialised it is empty. */
struct sender_ids {
	struct sender_id_holder *holders;
	size_t count;
	size_t capacity;
	bool keeps; /* members may hold SAs of an earlier instance */
};

enum sender_id_verdict {
	SENDER_ID_KNOWN,     /* bound to the identity already */
	SENDER_ID_NEW,       /* to be bound */
	SENDER_ID_CONFLICT,  /* claimed by certificate or inventory, but another identity's */
	SENDER_ID_EXHAUSTED, /* none left */
};

struct sender_id_choice {
	enum sender_id_verdict verdict;
	uint16_t sender_id; /* chosen, or the one in conflict */
	bool by_certificate;
	const char *holder; /* SENDER_ID_CONFLICT: whose it is; borrowed from the tables */
};

void sender_ids_free(struct sender_ids *ids);

/*
 * Note that the identity holds sender_id. Its former one, if any, is forgotten when used_until_spi
 * is 0 and the table keeps nothing, else kept from others until sender_ids_release() is told that
 * no SA up to that SPI is left. Returns 0, -ENOMEM, or -EEXIST when another identity holds
 * sender_id.
 */
int sender_ids_bind(struct sender_ids *ids, const char *identity, uint16_t sender_id,
		    uint32_t used_until_spi);

/* No SA below this SPI is left (UINT32_MAX: none at all). */
void sender_ids_release(struct sender_ids *ids, uint32_t lowest_spi);

/*
 * A former SenderID of the identity, from durable storage. Returns 0, -ENOMEM, or -EEXIST when
 * somebody holds it.
 */
int sender_ids_keep(struct sender_ids *ids, const char *identity, uint16_t sender_id);
/* No SA of an earlier instance is left. What is still kept goes with sender_ids_release(). */
void sender_ids_stop_keeping(struct sender_ids *ids);

/* The SenderID bound to the identity, 0 when none is. */
uint16_t sender_ids_find(const struct sender_ids *ids, const char *identity);
/* Who holds it, bound or former; NULL: nobody. */
const struct sender_id_holder *sender_ids_holder(const struct sender_ids *ids, uint16_t sender_id);

/*
 * Choose for an identity: what its certificate says, else what the inventory fixes, else what it is
 * bound to, else the lowest that nobody holds and the inventory reserves for nobody.
 *
 * reserved: the inventory's fixed SenderIDs with their identities. requested: those that were
 * chosen before and are not durable yet; the identity has none of them. certificate, fixed: 0 when
 * there is none.
 */
struct sender_id_choice sender_id_choose(const struct sender_ids *ids,
					 const struct sender_ids *reserved,
					 const struct sender_ids *requested, const char *identity,
					 uint16_t certificate, uint16_t fixed);
