/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * When a group gets its next SA, and why. Pure, like group.h: whoever makes keys and takes SPIs
 * asks rekey_due() after each group_settle(), and begins an SA when it says so.
 *
 * Rekeys of one group are drawn together: while an SA is being installed nobody sends on it yet, so
 * it is as good as any that would follow, except for an eviction.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rekey_wish.h"

struct group;
struct sa;

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
 * As part of group_settle(): end a draining SA early where a rekey has no room. One that somebody
 * needs, who is late or away and for all we know sends on it, is not ended for what a member says
 * or because one comes, until the active SA's patience is over: such a rekey waits.
 */
void rekey_hasten(struct group *group, uint64_t now_ms);

/* "its interval is over" and so on. */
const char *rekey_reason_text(enum rekey_reason reason);
