/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What passes in clear because its group is in a mode that allows it. Never on the way of packets
 * that are encrypted. */

#include "burst.h"
#include "sadb.h"

/*
 * Count a packet of this VNI that passes in clear, by its IP header. enforced: why it would be
 * dropped if the group enforced, or NO_DROP when it would be encrypted then.
 */
void clear_passes(struct engine_worker *worker, const uint8_t *ip, uint32_t vni, bool outbound,
		  enum covey_drop enforced);

/* The same where the VNI is not known: a later fragment. It is counted as bypassed, too. */
void clear_passes_unnamed(struct engine_worker *worker, enum covey_drop enforced);

/* May a tunnel of another port pass, by its VNI? If that is of the fabric, its group must take
 * VXLAN in clear. A group that this host has not joined enforces. */
bool clear_tunnel_passes(const struct sadb *sadb, uint32_t vni);
