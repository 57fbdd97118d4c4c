/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a Heartbeat says of clear VXLAN that came in lately, in groups that do not enforce: the GKM
 * lets no group enforce while there is any.
 */

#include <covey/addr.h>
#include <covey/limits.h>
#include <message.h>

#include "effects.h"

struct member_state;

struct clear_reports {
	Covey__ClearHeard entries[COVEY_CLEAR_HEARD_PER_MEMBER_MAX];
	Covey__ClearHeard *pointers[COVEY_CLEAR_HEARD_PER_MEMBER_MAX];
	struct covey_addr addresses[COVEY_CLEAR_HEARD_PER_MEMBER_MAX];
	size_t count;
	char *more[COVEY_GROUPS_PER_HOST_MAX]; /* groups in which there was more, perhaps */
	size_t more_count;
	struct effects_heard_all heard;
};

/* Fill in what there is to report now. */
void clear_reports_make(const struct member_state *state, struct clear_reports *ret_reports);
