/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the GKM says about probes, checked before it is passed on.
 */

#include <covey/error.h>
#include <message.h>

struct effects;
struct membership;

/* An order for a group that we have joined. -EPROTO when it cannot be meant. */
int probe_order_take(const struct membership *group, const Covey__ProbeOrder *order,
		     const struct effects *effects, struct covey_error *error);
int probe_order_reported(const Covey__ProbeReport *report, const struct effects *effects,
			 struct covey_error *error);
