/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * When a group gets its next SA, and why. Pure, like group.h. The caller, which makes keys and
 * takes SPIs, asks rekey_due() after each group_settle(), and begins an SA when it says so.
 *
 * Several reasons share one rekey. While an SA is being installed, nobody sends on it yet. So it is
 * as good as another one that would follow, except after an eviction.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rekey_wish.h"

struct group;
struct sa;

/*
 * Why an SA must begin now; REKEY_NONE when none must. None begins while COVEY_SAS_PER_GROUP_MAX
 * are live, or while no member is there. When an interval is over, the rekey waits until
 * patience_ms for members that are away and still send on the SA: a cut control channel shall cost
 * no packet. A rekey for another reason does not wait.
 */
enum rekey_reason rekey_due(const struct group *group, uint64_t now_ms);

/*
 * The same question for an SA that is being installed only because the interval is over. If a
 * member's session ends before it acknowledges, the member may still be sending behind a cut wire,
 * so the SA is held. As soon as somebody needs the SA, it is not held any more. Then that member
 * has the activation delay, like all others.
 */
bool rekey_is_held(const struct group *group, const struct sa *sa, uint64_t now_ms);

/* When rekey_due() will give a reason if no other event comes first; UINT64_MAX for never. */
uint64_t rekey_deadline(const struct group *group);

/*
 * Does this member have no session, and send on the active SA? If so, it will not hear the others
 * once they send on the next one.
 */
bool rekey_leaves_behind(const struct group *group, size_t seat);

/*
 * A step of group_settle(): end a draining SA early when a rekey has no room. A late or absent
 * member may still need that SA, because it may be sending on it. Then a rekey that is due to a
 * member's word, or to a newcomer, does not end it before the active SA's patience_ms: that rekey
 * waits.
 */
void rekey_hasten(struct group *group, uint64_t now_ms);

/* Text for the log, such as "its interval is over". */
const char *rekey_reason_text(enum rekey_reason reason);
