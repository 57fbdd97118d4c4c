/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who asks for a group's next SA, and how often each may ask. Pure, like group.h.
 */

#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Newcomers that come in one wave share a rekey. The wave is over when nobody else has come for a
 * while: one millisecond for each newcomer that waits, within these bounds. So a single newcomer
 * does not wait long, and a short pause while many hosts boot does not end the wave.
 */
#define JOIN_QUIET_MS     UINT64_C(200)
#define JOIN_QUIET_MAX_MS UINT64_C(1000)
/*
 * A wave that does not end by itself ends after this time. The more members there are, the more
 * each rekey costs, so the longer newcomers wait in order to share one.
 */
#define JOIN_WAIT_MS             UINT64_C(2000)
#define JOIN_WAIT_MAX_MS         UINT64_C(5000)
#define JOIN_WAIT_MEMBERS_PER_MS 2u

struct group;

/* The most urgent reason is last. When two reasons wait, the more urgent one is kept. */
enum rekey_reason {
	REKEY_NONE,
	REKEY_INTERVAL, /* the SA has been active for its interval */
	REKEY_OPERATOR, /* covey rekey */
	REKEY_PACKETS,  /* a sender's use comes near its key's limit */
	REKEY_ICV_FAILURES,
	REKEY_JOIN,     /* a new member has no SA to send on */
	REKEY_EVICTION, /* somebody who is no member any more knows the key */
	REKEY_MISSING,  /* there are members, but no SA that they send on, or will send on */
};

/* When somebody last caused rekeys, the oldest first; 0: not yet. */
struct rekey_budget {
	uint64_t caused_ms[COVEY_REKEYS_PER_MEMBER_MAX];
};

struct rekey_wish {
	enum rekey_reason reason; /* REKEY_NONE: nobody asked */
	uint64_t due_ms;
	bool insists;               /* it may end an SA that somebody needs */
	struct rekey_budget *cause; /* a member's or the group's, which is charged; NULL: none */
};

/*
 * Ask for another SA at due_ms. False when none is needed, because an SA that is as good is being
 * installed.
 */
bool rekey_want(struct group *group, enum rekey_reason reason, uint64_t due_ms);
/*
 * The same, as soon as the budget allows it; it is a member's or the group's. What a member says
 * can be a lie, and then costs the others at most COVEY_REKEYS_PER_MEMBER_MAX rekeys in a drain
 * delay.
 */
bool rekey_want_by(struct group *group, enum rekey_reason reason, struct rekey_budget *cause,
		   uint64_t now_ms);
/* An SA begins: charge those who caused it, and forget the wish. */
void rekey_begun(struct group *group, uint64_t now_ms);

/*
 * A step of group_settle(): ask for an SA for members that may not have the active one. They share
 * it. It begins when nobody else has come for a moment, or when the first of them has waited long
 * enough. A newcomer whose budget is used up waits, or shares the SA of another newcomer.
 */
void rekey_for_newcomers(struct group *group, uint64_t now_ms);

/* How long nobody else must come until the wave is over, when this number of newcomers waits. */
uint64_t rekey_wave_quiet_ms(size_t newcomers);
/* How long the first newcomer waits at most, with this number of members connected. Newcomers are
 * counted, too. */
uint64_t rekey_wave_wait_ms(size_t members);

/* How many members are there and may not have the SA that the others send on. */
size_t rekey_count_newcomers(const struct group *group);
