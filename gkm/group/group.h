/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The key manager's state machine for one group: members, SAs and roster generations. Pure: no I/O,
 * no clock, no randomness. Events are told to it by functions that change state only; then
 * group_settle() does what has become due and says so through struct group_output. It is right to
 * call group_settle() after each event, or once after many.
 *
 * A member is known by its seat, an index fixed for the group's lifetime. Times are milliseconds
 * of any clock that only moves forward.
 */

#include <covey/addr.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rekey.h"
#include "roster.h"
#include "sa.h"
#include "sender_ids.h"
#include "usage.h"

#define GROUP_RETIRED_KEPT COVEY_SAS_PER_GROUP_MAX
#define GROUP_NEVER        UINT64_MAX

/*
 * Changes of the roster are collected for one millisecond per this many connected members, and for
 * half a second at most. So 10,000 members that return together read about ten generations, not
 * thousands. With fewer members than this, changes are published at once.
 */
#define GROUP_PUBLISH_PER_MS     20u
#define GROUP_PUBLISH_GAP_MAX_MS UINT64_C(500)

/* One identity that may join. */
struct member {
	const char *identity; /* borrowed; outlives the group */
	struct covey_addr vtep;
	bool may_send;
	uint16_t sender_id;  /* bound to it, 0: none yet */
	uint16_t epoch;      /* the last one leased, 0: none yet; never falls */
	void *session;       /* the live registration, NULL: none */
	bool enrolled;       /* has registered, and not left since */
	bool evicted;        /* may not register */
	bool restored;       /* may hold an earlier instance's SA */
	uint64_t own_sender; /* packets with its SenderID that it saw from elsewhere */
	/* SAs that it may be sending on, with a session or without: those from the last that it
	 * said it switched to, 0: none, up to the last that it was told to. */
	uint32_t sends_from_spi;
	uint32_t sends_to_spi;
	struct rekey_budget rekeys; /* that it caused */

	/* The rest belongs to the live registration. */
	bool greeted; /* has the full roster; gets changes from now on */
	uint64_t sent_generation;
	uint64_t acked_generation;
	uint64_t listed_generation; /* the first roster with its epoch; 0: in none yet */
	struct hearing hearing;
	uint64_t listed_by_ms; /* until when the others' acknowledgement is waited for */
};

/* What the state machine wants done. None of these may call back into the group. */
struct group_output {
	void (*roster)(const struct member *to, const struct roster_part *part, void *arg);
	void (*install)(const struct member *to, const struct sa *sa, uint32_t lifetime_s,
			void *arg);
	void (*activate)(const struct member *to, const struct sa *sa, void *arg);
	void (*drain)(const struct member *to, const struct sa *sa, uint32_t drain_s, void *arg);
	/* It did not acknowledge in time and is not waited for any more; for the log. May be NULL.
	 */
	void (*late)(const struct member *who, const struct sa *sa, void *arg);
	/* The SA is in a new state; for the log. */
	void (*changed)(const struct sa *sa, void *arg);
	void *arg;
};

struct group {
	struct member *members; /* by seat */
	size_t seats;
	struct group_roster roster;
	uint64_t published_ms; /* when its last generation was */
	struct sender_ids sender_ids;
	/* By SPI, ascending: live ones, and the last few retired. */
	struct sa *sas[COVEY_SAS_PER_GROUP_MAX + GROUP_RETIRED_KEPT];
	size_t sa_count;
	bool sa_was_active; /* ever, in this instance */
	uint64_t activation_delay_ms;
	bool rekeys_on_join; /* new members get no SA that carried traffic before they came */
	uint64_t first_newcomer_ms; /* of those that wait for an SA, 0: none */
	uint64_t last_newcomer_ms;
	size_t newcomers;
	uint64_t join_due_ms;       /* when they get one */
	struct usage_limits limits; /* usage.h; may be changed before the first SA */
	uint64_t deadline_ms;
	struct rekey_wish wish;     /* rekey.h */
	struct rekey_budget rekeys; /* that its members caused together */
	struct group_output output;
};

/* Returns 0 or -ENOMEM. The caller fills in the members' identity, vtep and may_send. */
int group_new(size_t seats, uint64_t activation_delay_ms, const struct group_output *output,
	      struct group **ret_group);
/* Wipes all keys. */
void group_free(struct group *group);

/*
 * The seat's SenderID is committed to durable storage: it takes effect. Returns 0, -ENOMEM, or
 * -EEXIST when another identity holds it.
 */
int group_bind(struct group *group, size_t seat, uint16_t sender_id);
/*
 * The same at start, from durable storage. Its holder is awaited before the first SA is active, and
 * is no newcomer when it comes later: it was a member of the instance before.
 */
int group_restore(struct group *group, size_t seat, uint16_t sender_id);

/*
 * A registration: leases the next epoch. Returns 0, -EINVAL without a SenderID, -EACCES for a
 * member that is evicted, -EALREADY when the seat has a live one, or -EOVERFLOW when its epochs are
 * used up.
 */
int group_join(struct group *group, size_t seat, void *session, uint16_t *ret_epoch);
/* No member holds an SA of an earlier instance any more. */
void group_earlier_gone(struct group *group);

/* The session is gone. The member keeps its SAs, goes on sending, and keeps its place in the
 * roster.
 */
void group_lost(struct group *group, size_t seat);
/* The member has left and wiped its SAs. */
void group_left(struct group *group, size_t seat);

/*
 * The member is to have no part in what is sent from now on. Its registration ends. Where it was
 * sent an SA that is in use, another one is due at once (REKEY_EVICTION); what it was sent and
 * nobody sends on yet ends.
 */
void group_evict(struct group *group, size_t seat);
/*
 * What the member was sent may be in wrong hands, but the member stays. As for an eviction, another
 * SA is due at once where one is in use; the member gets that, too.
 */
void group_expose(struct group *group, size_t seat);
/* It may register again. */
void group_readmit(struct group *group, size_t seat);

/* There is no SA that members send on, or will. */
bool group_needs_sa(const struct group *group);
/*
 * Begin an SA: the group's first, or a rekey. SPIs must rise. Returns 0, -EINVAL, -ENOMEM, or
 * -ENOSPC when COVEY_SAS_PER_GROUP_MAX are live.
 */
int group_begin_sa(struct group *group, uint32_t spi, const uint8_t *tek, size_t tek_len,
		   const struct sa_timing *timing);

/* Acknowledgements. -EPROTO: for something that was never sent to this registration. */
int group_roster_acked(struct group *group, size_t seat, uint64_t generation);
int group_sa_acked(struct group *group, size_t seat, uint32_t spi);
/* The member sends on this SA, and on none before it. */
int group_sa_switched(struct group *group, size_t seat, uint32_t spi);

/* Do what is due at now_ms. */
void group_settle(struct group *group, uint64_t now_ms);

/* When something is due without an event, GROUP_NEVER for never. As of the last group_settle(). */
uint64_t group_deadline(const struct group *group);

/* The member may be sending on the SA, with a session or without. */
static inline bool member_may_send_on(const struct member *member, uint32_t spi)
{
	return member->sends_from_spi && member->sends_from_spi <= spi &&
	       spi <= member->sends_to_spi;
}

/* Somebody may. */
bool group_is_sent_on(const struct group *group, const struct sa *sa);

/* NULL when there is none. */
struct sa *group_active_sa(const struct group *group);
/* The oldest, as well. */
struct sa *group_installing_sa(const struct group *group);
size_t group_live_members(const struct group *group);
/* SAs that are not retired, and the lowest SPI of them, UINT32_MAX: there is none. */
size_t group_live_sas(const struct group *group);
uint32_t group_lowest_spi(const struct group *group);
