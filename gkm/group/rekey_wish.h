/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who asks for a group's next SA, and how often anybody may. Pure, like group.h.
 */

#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Newcomers that come in one wave share a rekey. The wave is over when no other one has come for a
 * while: a millisecond for each that waits, within these bounds. So a single newcomer does not wait
 * long, and a short pause in a boot storm does not end the wave.
 */
#define JOIN_QUIET_MS     UINT64_C(200)
#define JOIN_QUIET_MAX_MS UINT64_C(1000)
/*
 * A wave that does not end is cut off after this time. The more members there are, the more each
 * rekey costs, so the longer newcomers wait to share one.
 */
#define JOIN_WAIT_MS             UINT64_C(2000)
#define JOIN_WAIT_MAX_MS         UINT64_C(5000)
#define JOIN_WAIT_MEMBERS_PER_MS 2u

struct group;

/* By rising urgency: of two reasons that wait together, the higher one is remembered. */
enum rekey_reason {
	REKEY_NONE,
	REKEY_INTERVAL, /* the SA's time has come */
	REKEY_OPERATOR, /* covey rekey */
	REKEY_PACKETS,  /* a sender's use is near its key's limit */
	REKEY_ICV_FAILURES,
	REKEY_JOIN,     /* a new member has no SA to send on */
	REKEY_EVICTION, /* a former member knows the key */
	REKEY_MISSING,  /* members are there, and no SA that they send on, or will */
};

/* When somebody caused a rekey the last times, the longest ago first, 0: not yet. */
struct rekey_budget {
	uint64_t caused_ms[COVEY_REKEYS_PER_MEMBER_MAX];
};

struct rekey_wish {
	enum rekey_reason reason; /* REKEY_NONE: nobody asked */
	uint64_t due_ms;
	bool insists;               /* it may end an SA that somebody needs */
	struct rekey_budget *cause; /* a member's or the group's that pays for it, NULL: none */
};

/*
 * Ask for another SA at due_ms. False when there is no need: one that serves as well is being
 * installed.
 */
bool rekey_want(struct group *group, enum rekey_reason reason, uint64_t due_ms);
/*
 * The same as soon as the budget, a member's or the group's, has something left. What one member
 * says can be a lie: it costs the others COVEY_REKEYS_PER_MEMBER_MAX rekeys in a drain delay at
 * most.
 */
bool rekey_want_by(struct group *group, enum rekey_reason reason, struct rekey_budget *cause,
		   uint64_t now_ms);
/* An SA begins: charge those who caused it, and forget the wish. */
void rekey_begun(struct group *group, uint64_t now_ms);

/*
 * As part of group_settle(): ask for an SA for members that are barred from the active one. They
 * share it: it begins when nobody new has come for a moment, or the first has waited long enough.
 * A newcomer that has used up its budget waits, or shares the SA of another one.
 */
void rekey_for_newcomers(struct group *group, uint64_t now_ms);

/* How long no newcomer must come for the wave to be over, when this many wait. */
uint64_t rekey_wave_quiet_ms(size_t newcomers);
/* How long the first newcomer waits at most, with this many members connected, newcomers included.
 */
uint64_t rekey_wave_wait_ms(size_t members);

/* Members that are there, and barred from the SA that the others send on. */
size_t rekey_count_newcomers(const struct group *group);
