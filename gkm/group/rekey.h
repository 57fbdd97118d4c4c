/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * When a group gets its next SA, and why. Pure, like group.h: the one who has keys and SPIs asks
 * rekey_due() after each group_settle(), and begins an SA when it says so.
 *
 * Rekeys of one group are drawn together: while an SA is being installed nobody sends on it yet, so
 * it is as good as any that would follow, except for an eviction.
 */

#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * So long without a newcomer ends a wave of them: a millisecond for each that waits already, within
 * these bounds. A lone one does not wait long; a pause in a boot storm is no end of it.
 */
#define JOIN_QUIET_MS     UINT64_C(200)
#define JOIN_QUIET_MAX_MS UINT64_C(1000)
/*
 * But a wave that does not end is not waited for for ever. The more members there are, the more
 * each rekey costs, and the longer newcomers wait to share one.
 */
#define JOIN_WAIT_MS             UINT64_C(2000)
#define JOIN_WAIT_MAX_MS         UINT64_C(5000)
#define JOIN_WAIT_MEMBERS_PER_MS 2u

struct group;
struct sa;
struct member;

/* By rising urgency: of two reasons that wait together, the higher one is remembered. */
enum rekey_reason {
	REKEY_NONE,
	REKEY_INTERVAL, /* the SA's time has come */
	REKEY_OPERATOR, /* covey rekey */
	REKEY_PACKETS,  /* a sender's use is near its key's limit */
	REKEY_ICV_FAILURES,
	REKEY_JOIN,     /* who is new has no SA to send on */
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
	struct rekey_budget *cause; /* who pays for it, NULL: nobody. Of a member or the group */
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
/* An SA begins: let those pay who caused it, and forget what was wished. */
void rekey_begun(struct group *group, uint64_t now_ms);

/*
 * Why an SA is to begin now, REKEY_NONE when none is. Never while COVEY_SAS_PER_GROUP_MAX are live,
 * nor when no member is there. An interval that is over waits for members that send on the SA and
 * are away, up to its patience_ms: a cut control channel is to cost no packet. Other reasons do not
 * wait to begin.
 */
enum rekey_reason rekey_due(const struct group *group, uint64_t now_ms);

/*
 * The same for one that is being installed for the interval alone: a member whose session ends
 * before it has acknowledged may live on behind a cut wire. As soon as somebody needs the SA it is
 * not held, and such a member has the activation delay, as all have.
 */
bool rekey_is_held(const struct group *group, const struct sa *sa, uint64_t now_ms);

/* When rekey_due() will say so without any other event, UINT64_MAX: never. */
uint64_t rekey_deadline(const struct group *group);

/*
 * The seat's member has no session and sends on the active SA: once others send on the next one, it
 * does not hear them.
 */
bool rekey_leaves_behind(const struct group *group, size_t seat);

/*
 * As part of group_settle(): ask for an SA for members that are barred from the active one. They
 * share it: it begins when nobody new has come for a moment, or the first has waited long enough.
 * Who has used up its budget has to wait, or shares another one's.
 */
void rekey_for_newcomers(struct group *group, uint64_t now_ms);

/* How long no other one must come, with so many that wait. */
uint64_t rekey_wave_quiet_ms(size_t newcomers);
/* How long the first waits at most, with so many members there, those that wait among them. */
uint64_t rekey_wave_wait_ms(size_t members);

/*
 * As part of group_settle(): end a draining SA early where a rekey has no room. One that somebody
 * needs, who is late or away and for all we know sends on it, is not ended for what a member says
 * or because one comes, until the active SA's patience is over: such a rekey waits.
 */
void rekey_hasten(struct group *group, uint64_t now_ms);

/* "its interval is over" and so on. */
const char *rekey_reason_text(enum rekey_reason reason);
