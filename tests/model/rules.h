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
 *     protocol  neither side finds a message of the other's wrong
 *     return    whatever happened, all come to send on one SA (settle_down() in event.h)
 */

#include <covey/sa.h>

#include "world.h"

/* --- told by the world as it happens ------------------------------------------------------- */

void rules_sa_begins(struct world *world, uint32_t spi, uint8_t tek);
void rules_retired(struct world *world, uint32_t spi);
void rules_gkm_starts(struct world *world);
void rules_leased(struct world *world, unsigned host, uint16_t sender_id, uint16_t epoch);
void rules_published(struct world *world, const struct roster_part *part);
void rules_installed(struct world *world, unsigned host, const struct covey_sa *sa);
/* The host is not waited for any more: its session or its process is gone, or it has left. */
void rules_not_expected(struct world *world, unsigned host);

/* --- looked for after each event ----------------------------------------------------------- */

void rules_check(struct world *world);

/* All are in the group, know each other, and hold one SA and no other. */
bool rules_all_on_one(const struct world *world);
