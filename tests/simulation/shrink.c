/* SPDX-License-Identifier: BSD-3-Clause */

/* Delta debugging (Zeller, Hildebrandt 2002) over a plan's faults. */

#include <stdlib.h>
#include <string.h>

#include "simulation.h"

static bool still_fails(const struct plan *plan, const char *violation)
{
	struct result result;

	fleet_run(plan, false, &result);
	return result.violation[0] && same_rule(result.violation, violation);
}

/* The plan without `count` faults from `first` on. */
static void leave_out(const struct plan *plan, size_t first, size_t count, struct plan *ret_less)
{
	struct fault *faults = ret_less->faults;

	*ret_less = *plan;
	ret_less->faults = faults;
	ret_less->count = plan->count - count;
	memcpy(faults, plan->faults, first * sizeof(*faults));
	memcpy(faults + first, plan->faults + first + count,
	       (plan->count - first - count) * sizeof(*faults));
}

static bool shrink_by(struct plan *plan, size_t count, struct plan *less, const char *violation)
{
	bool any = false;

	for (size_t first = 0; first < plan->count;) {
		size_t here = plan->count - first < count ? plan->count - first : count;

		leave_out(plan, first, here, less);
		if (!still_fails(less, violation)) {
			first += here;
			continue;
		}
		memcpy(plan->faults, less->faults, less->count * sizeof(*less->faults));
		plan->count = less->count;
		any = true;
	}
	return any;
}

void plan_shrink(struct plan *plan, const char *violation)
{
	struct plan less = {.faults = calloc(plan->count + 1, sizeof(*less.faults))};
	size_t count = plan->count;

	if (!less.faults)
		abort();
	while (count > 0)
		if (!shrink_by(plan, count, &less, violation) || count > 1)
			count = count > plan->count && plan->count ? plan->count : count / 2;
	free(less.faults);
}
