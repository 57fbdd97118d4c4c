/* SPDX-License-Identifier: BSD-3-Clause */

#include "gather_rule.h"

#include <stdbool.h>

static void begin(struct gather_rule *rule, int state, const struct gather_counts *now,
		  uint64_t now_ms)
{
	rule->state = state;
	rule->since_ms = now_ms;
	rule->then = *now;
}

/* Enough, and not drowned by forged ones. Whoever forges can so hide what a kernel spoils. A good
 * kernel looks bad only to the extent that somebody forges what was lost, and little else. */
static bool are_spoiled(uint64_t spoiled, uint64_t forged)
{
	return spoiled >= GATHER_SPOILED_MIN && spoiled >= forged;
}

static enum gather_verdict watch(struct gather_rule *rule, const struct gather_counts *now,
				 uint64_t now_ms)
{
	if (are_spoiled(now->spoiled_gathered - rule->then.spoiled_gathered,
			now->forged - rule->then.forged)) {
		begin(rule, GATHER_STOPPED, now, now_ms);
		return GATHER_STOP;
	}
	if (now_ms - rule->since_ms >= GATHER_RUN_MS)
		begin(rule, GATHER_WATCHED, now, now_ms);
	return GATHER_GO_ON;
}

static enum gather_verdict wait(struct gather_rule *rule, const struct gather_counts *now,
				uint64_t now_ms)
{
	if (are_spoiled(now->spoiled_alone - rule->then.spoiled_alone,
			now->forged - rule->then.forged)) {
		begin(rule, GATHER_ABSOLVED, now, now_ms);
		return GATHER_ABSOLVE;
	}
	if (now_ms - rule->since_ms < GATHER_OFF_MS)
		return GATHER_GO_ON;
	begin(rule, GATHER_WATCHED, now, now_ms);
	return GATHER_RESUME;
}

enum gather_verdict gather_rule_judge(struct gather_rule *rule, const struct gather_counts *now,
				      uint64_t now_ms)
{
	switch (rule->state) {
	case GATHER_WATCHED:
		return watch(rule, now, now_ms);
	case GATHER_STOPPED:
		return wait(rule, now, now_ms);
	case GATHER_ABSOLVED:
		if (now_ms - rule->since_ms >= GATHER_OFF_MS)
			begin(rule, GATHER_WATCHED, now, now_ms);
		break;
	}
	return GATHER_GO_ON;
}
