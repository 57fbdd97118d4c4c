/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Whether the kernel may gather packets that come in (UDP_GRO). A kernel that spoils packets while
 * it gathers them makes them fail authentication. So do forged packets, which cost their sender
 * nothing. So only packets count that were genuine and never came whole (dataplane/path/spoiled.h),
 * and only while there are at least as many of them as forged ones.
 *
 * Then gathering stops for GATHER_OFF_MS. If packets that come alone are spoiled as well, gathering
 * was not the cause, and it begins again at once. What is lost by a wrong verdict is speed, for
 * some minutes.
 *
 * This code only decides; it has no clock, and does nothing itself.
 */

#include <stdint.h>

/* So many spoiled packets within GATHER_RUN_MS are enough. */
#define GATHER_SPOILED_MIN 64u
#define GATHER_RUN_MS      UINT64_C(30000)
/* How long gathering stops, and how long it is not judged when it was not the cause. */
#define GATHER_OFF_MS UINT64_C(600000)

/* Counted since the start. */
struct gather_counts {
	uint64_t spoiled_gathered;
	uint64_t spoiled_alone;
	uint64_t forged;
};

enum gather_verdict {
	GATHER_GO_ON,  /* as it is */
	GATHER_STOP,   /* it spoils packets */
	GATHER_RESUME, /* try again */
	GATHER_ABSOLVE /* packets are spoiled without it, too: begin again */
};

struct gather_rule {
	enum { GATHER_WATCHED, GATHER_STOPPED, GATHER_ABSOLVED } state;
	uint64_t since_ms; /* when the state, or the run that is watched, began */
	struct gather_counts then;
};

/* Zero is a rule's beginning. To be called about once a second. now_ms never falls. */
enum gather_verdict gather_rule_judge(struct gather_rule *rule, const struct gather_counts *now,
				      uint64_t now_ms);
