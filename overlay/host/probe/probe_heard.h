/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * VXLAN in clear that was seen during a run of probes and is none of them: from whom, and which
 * VNIs. Bounded, as anybody can write any address into a packet. Pure.
 */

#include <covey/addr.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe_heard_one {
	struct covey_addr from;
	uint32_t vni;
	uint32_t packets;
	bool out;    /* it left by the uplink */
	bool member; /* a member of the group has this address */
};

struct probe_heard {
	struct probe_heard_one list[COVEY_PROBE_HEARD_MAX];
	size_t count;
	bool more; /* there were others, for which there was no room */
};

/* One packet. Who is no member takes the place of a member where there is no other: in observe,
 * members fill the list as they should. */
void probe_heard_add(struct probe_heard *heard, const struct covey_addr *from, bool member,
		     uint32_t vni, bool out);
/* More packets came than were looked at; exact: none of them had VNIs of others. False when nothing
 * says that there was more. */
bool probe_heard_overflown(struct probe_heard *heard, bool exact);
