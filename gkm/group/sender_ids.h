/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who holds which SenderID in a group, and which one an identity gets. Pure: nothing here is
 * durable. So that no IV can ever repeat, the caller must write a choice to durable storage before
 * it takes effect (docs/protocol.md, section 8.8).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sender_id_holder {
	char *identity;
	/* 0: bound to the identity. Otherwise the identity has another SenderID now, but used this
	 * one with SAs up to this SPI. Nobody else gets it before these SAs are gone. */
	uint32_t former_until_spi;
	uint32_t digest; /* of the identity; most comparisons need only this number */
	uint16_t sender_id;
	bool kept; /* it was given up, but may also be used with an SA of an earlier instance */
};

/* Sorted by sender_id; each has at most one holder. When it is all zero, it is empty. */
struct sender_ids {
	struct sender_id_holder *holders;
	size_t count;
	size_t capacity;
	bool keeps; /* members may hold SAs of an earlier instance */
};

enum sender_id_verdict {
	SENDER_ID_KNOWN,     /* the identity has it already */
	SENDER_ID_NEW,       /* it must be bound to the identity */
	SENDER_ID_CONFLICT,  /* named by certificate or inventory, but another's */
	SENDER_ID_EXHAUSTED, /* no SenderID is left */
};

struct sender_id_choice {
	enum sender_id_verdict verdict;
	uint16_t sender_id; /* the one that was chosen, or the one in conflict */
	bool by_certificate;
	const char *holder; /* for SENDER_ID_CONFLICT: who has it; belongs to the tables */
};

void sender_ids_free(struct sender_ids *ids);

/*
 * Note that the identity holds sender_id. If it had another one before, that one is forgotten when
 * used_until_spi is 0 and the table keeps nothing. Otherwise nobody else gets that one before
 * sender_ids_release() says that no SA up to used_until_spi is left. Returns 0, -ENOMEM, or -EEXIST
 * when another identity holds sender_id.
 */
int sender_ids_bind(struct sender_ids *ids, const char *identity, uint16_t sender_id,
		    uint32_t used_until_spi);

/* No SA with a lower SPI is left (UINT32_MAX: no SA at all). */
void sender_ids_release(struct sender_ids *ids, uint32_t lowest_spi);

/*
 * Add a SenderID from durable storage that the identity has given up. Returns 0, -ENOMEM, or
 * -EEXIST when somebody holds it.
 */
int sender_ids_keep(struct sender_ids *ids, const char *identity, uint16_t sender_id);
/* No SA of an earlier instance is left. From now on, sender_ids_release() decides alone. */
void sender_ids_stop_keeping(struct sender_ids *ids);

/* Nobody holds sender_id any more, if the identity did. */
void sender_ids_unbind(struct sender_ids *ids, const char *identity, uint16_t sender_id);

/* The SenderID that is bound to the identity; 0 when there is none. */
uint16_t sender_ids_find(const struct sender_ids *ids, const char *identity);
/* Who holds it, bound or given up; NULL when nobody does. */
const struct sender_id_holder *sender_ids_holder(const struct sender_ids *ids, uint16_t sender_id);

/*
 * Choose a SenderID for an identity. It is the one in its certificate; else the one that the
 * inventory fixes; else the one that it has; else the lowest one that nobody holds and that the
 * inventory does not fix for anybody.
 *
 * reserved: the SenderIDs that the inventory fixes, with their identities. requested: those that
 * were chosen before and are not durable yet; the identity must have none of them. certificate,
 * fixed: 0 when there is none.
 */
struct sender_id_choice sender_id_choose(const struct sender_ids *ids,
					 const struct sender_ids *reserved,
					 const struct sender_ids *requested, const char *identity,
					 uint16_t certificate, uint16_t fixed);
