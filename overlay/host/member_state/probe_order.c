/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_order.h"

#include <covey/limits.h>
#include <errno.h>

#include "effects.h"
#include "membership.h"

static bool has_vni(const struct membership *group, uint32_t vni)
{
	for (size_t i = 0; i < group->vni_count; i++)
		if (group->vnis[i] == vni)
			return true;
	return false;
}

static bool are_lengths(const uint32_t *lengths, size_t count)
{
	if (count == 0 || count > COVEY_PROBES_PER_RUN_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		if (lengths[i] == 0 || lengths[i] > COVEY_PROBE_LENGTH_MAX)
			return false;
	return true;
}

static bool are_vteps(const Covey__ProbeOrder *order)
{
	if (order->n_vteps == 0 || order->n_vteps > COVEY_PROBE_RECEIVERS_MAX)
		return false;
	for (size_t i = 0; i < order->n_vteps; i++)
		if (order->vteps[i].len != order->vteps[0].len ||
		    (order->vteps[i].len != 4 && order->vteps[i].len != 16))
			return false;
	return true;
}

int probe_order_take(const struct membership *group, const Covey__ProbeOrder *order,
		     const struct effects *effects, struct covey_error *error)
{
	bool good = order->id != 0 && order->role >= COVEY__PROBE_ROLE__PROBE_ROLE_LISTEN &&
		    order->role <= COVEY__PROBE_ROLE__PROBE_ROLE_END &&
		    order->nonce.len == COVEY_PROBE_NONCE_LEN && has_vni(group, order->vni) &&
		    are_lengths(order->lengths, order->n_lengths) && are_vteps(order) &&
		    order->dscp < 64 && order->source_port <= UINT16_MAX;

	if (!effects->probe_order || !good)
		return covey_error_set(error, -EPROTO,
				       "group %s: a ProbeOrder that cannot be meant", group->name);
	effects->probe_order(effects->arg, order);
	return 0;
}

int probe_order_reported(const Covey__ProbeReport *report, const struct effects *effects,
			 struct covey_error *error)
{
	if (!effects->probe_report || report->n_seen > 2 ||
	    report->n_drops > COVEY_PROBE_DROPS_MAX || report->n_heard > COVEY_PROBE_HEARD_MAX)
		return covey_error_set(error, -EPROTO, "a ProbeReport that was not asked for");
	effects->probe_report(effects->arg, report);
	return 0;
}
