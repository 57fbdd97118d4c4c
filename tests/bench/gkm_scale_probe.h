/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A simulated member's part in a run of probes: it says what covey-host says, and takes as long.
 * There are no frames: what would have been seen of them is made up. With faults, a few members
 * have one each.
 */

#include <covey/limits.h>
#include <event2/event.h>
#include <message.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scale_member;

enum scale_fault {
	FAULT_NONE,
	FAULT_CLEAR,  /* it sends in clear */
	FAULT_DEAF,   /* nothing comes to it */
	FAULT_SMALL,  /* a large packet does not leave it */
	FAULT_SILENT, /* it does not answer the key manager's orders */
	FAULT_OLD,    /* it does not know probes */
};

struct scale_probe {
	struct event *timer;
	uint64_t id; /* of the order; 0: none */
	Covey__ProbeRole role;
	bool multicast, answered, ending;
	size_t peers[COVEY_PROBE_RECEIVERS_MAX]; /* members */
	size_t peer_count;
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX];
	size_t length_count;
	/* All runs. */
	uint64_t orders, reports;
	uint64_t sent;     /* frames: probes and answers */
	uint64_t received; /* those of its runs */
};

/* The fault of a member, if faults are planted. Members come with all of them from the second on.
 */
enum scale_fault scale_fault_of(size_t number);
/* What `covey check --wire` must say of a direction, or *ret_other, if it is not NULL then. */
const char *scale_fault_verdict(size_t from, size_t to, const char **ret_other);

void scale_probe_order(struct scale_member *member, const Covey__ProbeOrder *order);
void scale_probe_free(struct scale_member *member);
