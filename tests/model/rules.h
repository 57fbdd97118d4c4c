/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What must never be. A rule that is breached puts its name and what happened into
 * world->violation.
 *
 *     lease     no (TEK, SenderID, epoch) is leased twice, none is counted in twice
 *     binding   no SenderID ever has two holders, and each has one for good
 *     floor     no epoch floor ever falls, as published and as it reaches a dataplane
 *     two       no member sends on two SAs; member and dataplane agree on what it has
 *     lacks     no member sends on an SA that a live, acknowledged member lacks
 *     kept      a live member that acknowledged an SA has it until the GKM retires it
 *     hurry     no member sends on an SA before all who were there when it began have it, or the
 *               activation delay has passed
 *     fence     on an SA that the GKM has not retired, no member drops what another sends because
 *               of its epoch
 *     heard     a member sends only to peers that know it, or that were waited for long enough
 *     stranded  what a member has begun to receive on, it has for as long as another that this GKM
 *               instance knows may send on it, away or not: up to its hard lifetime, an eviction,
 *               or a want of room
 *     deaf      an interval that is over makes nobody switch to an SA that an absent member lacks
 *     evicted   who is evicted gets no SA that began after that, is listed on none, and what it got
 *               before is not activated any more
 *     past      a newcomer gets no SA that carried traffic before it came
 *     protocol  neither side finds a message of the other's wrong
 *     return    whatever happened, all come to send on one SA (settle_down() in event.h)
 */

#include <covey/sa.h>

#include "world.h"

/* --- told by the world as it happens ------------------------------------------------------- */

void rules_sa_begins(struct world *world, uint32_t spi, uint8_t tek, enum rekey_reason reason);
void rules_sent(struct world *world, unsigned host, uint8_t tek);
void rules_active(struct world *world, const struct sa *sa);
void rules_retired(struct world *world, const struct sa *sa);
void rules_acked(struct world *world, unsigned host, uint32_t spi);
/* Before the registration. */
void rules_registers(struct world *world, unsigned host);
void rules_evicted(struct world *world, unsigned host);
void rules_gkm_starts(struct world *world);
void rules_leased(struct world *world, unsigned host, uint16_t sender_id, uint16_t epoch);
void rules_published(struct world *world, const struct roster_part *part);
void rules_installed(struct world *world, unsigned host, const struct covey_sa *sa);
/* The GKM has lost the host's session, or has been told that it leaves. */
void rules_lost(struct world *world, unsigned host);
void rules_left(struct world *world, unsigned host);
/* The host has no SA any more. */
void rules_wiped(struct world *world, unsigned host);

/* --- looked for after each event ----------------------------------------------------------- */

void rules_check(struct world *world);

/* All are in the group, know each other, and hold one SA and no other. */
bool rules_all_on_one(const struct world *world);
