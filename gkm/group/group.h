/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The key manager's state machine for one group: members, SAs and generations of the roster. Pure:
 * no I/O, no clock, no randomness. The caller tells it of events with functions that only change
 * state. Then group_settle() does what is due, and tells the caller what to do through struct
 * group_output. The caller may call group_settle() after each event, or once after several.
 *
 * A member is identified by its seat, an index that stays the same as long as the group exists.
 * Times are in milliseconds, of any clock that never goes back.
 */

#include <covey/addr.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clear_heard.h"
#include "mode.h"
#include "publishing.h"
#include "rekey.h"
#include "roster.h"
#include "sa.h"
#include "sender_ids.h"
#include "usage.h"

#define GROUP_RETIRED_KEPT COVEY_SAS_PER_GROUP_MAX
#define GROUP_NEVER        UINT64_MAX

/*
 * Changes of the roster are collected and published together. The time for this in milliseconds is
 * the number of connected members divided by this number, at most half a second. So 10,000 members
 * that return together read about ten generations, not thousands. With fewer members than this,
 * changes are published at once. Where many groups publish at the same time, the number of members
 * that all of them have told lately counts instead (publishing.h).
 */
#define GROUP_PUBLISH_PER_MS     20u
#define GROUP_PUBLISH_GAP_MAX_MS UINT64_C(500)

/* An identity that may join. */
struct member {
	const char *identity; /* not copied; must outlive the group */
	struct covey_addr vtep;
	bool may_send;
	bool may_receive;    /* it sees to that itself */
	uint16_t sender_id;  /* bound to the identity; 0: none yet */
	uint16_t epoch;      /* the last one that it got; 0: none yet; never falls */
	void *session;       /* the live registration; NULL: none */
	bool enrolled;       /* it has registered, and has not left since then */
	bool evicted;        /* it may not register */
	bool held;           /* evicted only until its caller knows whether it is */
	bool restored;       /* it may hold an SA of an earlier instance */
	uint64_t own_sender; /* packets from elsewhere that had its SenderID, as it reports */
	/* On which SAs it may be sending, with or without a session. They begin with the last one
	 * that it said it has switched to (0: none), and end with the last one that it was told to
	 * send on. */
	uint32_t sends_from_spi;
	uint32_t sends_to_spi;
	struct rekey_budget rekeys; /* for rekeys that it causes */
	struct clear_list clear;
	bool mode_late; /* it has not acknowledged a step of the operator's last change in time */

	/* The rest belongs to the live registration. */
	bool greeted; /* it has the whole roster, and gets changes from now on */
	uint64_t sent_generation;
	uint64_t acked_generation;
	uint64_t listed_generation; /* of the first roster that has its epoch; 0: none yet */
	uint64_t floor_rises_ms;    /* when its epoch may be listed, while that waits; else 0 */
	struct hearing hearing;
	bool knows_modes;              /* it said that it understands modes */
	uint64_t mode_told;            /* serials of the mode; 0: none yet */
	uint64_t mode_acked;           /* the last one */
	uint64_t mode_told_ms;         /* when it was told the last one */
	bool mode_again;               /* it is to be told the same once more */
	uint32_t mode_rtt_ms;          /* from then to its acknowledgement, the last time */
	uint64_t reported_ms;          /* when it said last what it hears in clear; 0: never */
	enum covey_mode mode_in_force; /* as it says; 0: not known */
	uint64_t listed_by_ms;         /* until when we wait for the others' acknowledgement */
};

/* What the state machine tells the caller to do. None of these functions may call back into the
 * group. */
struct group_output {
	void (*roster)(const struct member *to, const struct roster_part *part, void *arg);
	void (*install)(const struct member *to, const struct sa *sa, uint32_t lifetime_s,
			void *arg);
	void (*activate)(const struct member *to, const struct sa *sa, void *arg);
	void (*drain)(const struct member *to, const struct sa *sa, uint32_t drain_s, void *arg);
	/* For the log: the member did not acknowledge in time, and we no longer wait for it. May be
	 * NULL. */
	void (*late)(const struct member *who, const struct sa *sa, void *arg);
	/* For the log: the SA has a new state. */
	void (*changed)(const struct sa *sa, void *arg);
	/* Tell a member that understands modes. */
	void (*mode)(const struct member *to, const struct mode_order *order, void *arg);
	/* Write it to durable storage. Returns 0 when it is there, -EINPROGRESS when mode_kept()
	 * will say what came of it, or another negative errno; then nothing changes. Not called
	 * again before mode_kept(). NULL: there is none. */
	int (*keep_mode)(const struct mode_record *record, void *arg);
	/* For the log. May be NULL. */
	void (*mode_event)(enum mode_event event, void *arg);
	void *arg;
};

struct group {
	struct member *members; /* by seat */
	size_t seats;
	struct group_roster roster;
	uint64_t published_ms;         /* when the last generation was published */
	struct publishing *publishing; /* of all groups, whoever runs them owns it; NULL: of none */
	struct sender_ids sender_ids;
	/* Sorted by SPI: the live ones, and the last few retired ones. */
	struct sa *sas[COVEY_SAS_PER_GROUP_MAX + GROUP_RETIRED_KEPT];
	size_t sa_count;
	bool sa_was_active; /* some SA was active in this instance */
	uint64_t activation_delay_ms;
	bool rekeys_on_join;        /* new members get no SA that was used before they came */
	uint64_t first_newcomer_ms; /* when the first one came that waits; 0: none */
	uint64_t last_newcomer_ms;
	size_t newcomers;
	uint64_t join_due_ms;       /* when they get one */
	struct usage_limits limits; /* usage.h; may be changed only before the first SA */
	uint64_t deadline_ms;
	struct group_mode mode;
	struct clear_total clear;
	struct rekey_wish wish;     /* rekey.h */
	struct rekey_budget rekeys; /* for rekeys that its members cause, all together */
	struct group_output output;
};

/* Returns 0 or -ENOMEM. After that, the caller sets the members' identity, vtep and rights. */
int group_new(size_t seats, uint64_t activation_delay_ms, const struct group_output *output,
	      struct group **ret_group);
/* Wipes all keys. */
void group_free(struct group *group);
/*
 * Make room for more members, behind those that there are. They may join when the caller has set
 * what it sets after group_new(); they are newcomers. Returns 0 or -ENOMEM; then nothing has
 * changed.
 */
int group_add_seats(struct group *group, size_t seats);
/* Others times from now on: how long SAs wait for slow members, and from when an SA begins to its
 * rekey. The last one holds for the last SA, too. */
void group_set_times(struct group *group, uint64_t activation_delay_ms, uint64_t rekey_after_ms);
/* Nobody is in the group any more: all its SAs are over. */
void group_close(struct group *group);

/*
 * Put the member's SenderID in force, after it was written to durable storage. Returns 0, -ENOMEM,
 * or -EEXIST when another identity holds it.
 */
int group_bind(struct group *group, size_t seat, uint16_t sender_id);
/*
 * The same at start, for SenderIDs from durable storage. The first SA waits for this member before
 * it becomes active. If the member comes later, it is not new: it was a member of the instance
 * before.
 */
int group_restore(struct group *group, size_t seat, uint16_t sender_id);

/*
 * Register a member, and give it its next epoch. Returns 0, -EINVAL without a SenderID, -EACCES
 * when the member is evicted, -EALREADY when it is registered already, or -EOVERFLOW when its
 * epochs are used up.
 */
int group_join(struct group *group, size_t seat, void *session, uint16_t *ret_epoch);
/* To be called when no member can hold an SA of an earlier instance any more. */
void group_earlier_gone(struct group *group);

/* The session is gone. The member keeps its SAs, continues to send, and stays in the roster. */
void group_lost(struct group *group, size_t seat);
/* The member has left, and has wiped its SAs. */
void group_left(struct group *group, size_t seat);

/*
 * From now on, the member must be unable to read or send. Its registration ends. If it was sent an
 * SA that is in use, the group gets another one at once (REKEY_EVICTION). An SA that it was sent
 * and on which nobody sends yet ends.
 */
void group_evict(struct group *group, size_t seat);
/*
 * Others may have got the keys that the member was sent, but the member stays. As after an
 * eviction, another SA is due at once when one is in use. The member gets that one, too.
 */
void group_expose(struct group *group, size_t seat);
/* A member without a session may not register until the caller knows whether it is evicted:
 * group_evict() or group_readmit(). */
void group_hold(struct group *group, size_t seat);
/* The member may register again. */
void group_readmit(struct group *group, size_t seat);

/* True when there is no SA that members send on, or will send on. */
bool group_needs_sa(const struct group *group);
/*
 * Begin an SA: the group's first one, or a rekey. Each must have a higher SPI than the one before.
 * Returns 0, -EINVAL, -ENOMEM, or -ENOSPC when COVEY_SAS_PER_GROUP_MAX are live.
 */
int group_begin_sa(struct group *group, uint32_t spi, const uint8_t *tek, size_t tek_len,
		   const struct sa_timing *timing);

/* The member has acknowledged something. -EPROTO when that was never sent to this registration. */
int group_roster_acked(struct group *group, size_t seat, uint64_t generation);
int group_sa_acked(struct group *group, size_t seat, uint32_t spi);
/* The member sends on this SA, and on no earlier one. */
int group_sa_switched(struct group *group, size_t seat, uint32_t spi);

/* Do all that is due at now_ms. */
void group_settle(struct group *group, uint64_t now_ms);

/* When the next thing is due if no event comes first; GROUP_NEVER for never. As computed by the
 * last group_settle(). */
uint64_t group_deadline(const struct group *group);

/* May the member be sending on the SA, with or without a session? */
static inline bool member_may_send_on(const struct member *member, uint32_t spi)
{
	return member->sends_from_spi && member->sends_from_spi <= spi &&
	       spi <= member->sends_to_spi;
}

/* May any member be sending on the SA? */
bool group_is_sent_on(const struct group *group, const struct sa *sa);

/* The SA that is active, or NULL. */
struct sa *group_active_sa(const struct group *group);
/* The oldest SA that is being installed, or NULL. */
struct sa *group_installing_sa(const struct group *group);
size_t group_live_members(const struct group *group);
/* How many SAs are not retired; and the lowest SPI of these, UINT32_MAX when there are none. */
size_t group_live_sas(const struct group *group);
/* Is one of them this? */
bool group_has_sa(const struct group *group, uint32_t spi);
uint32_t group_lowest_spi(const struct group *group);
