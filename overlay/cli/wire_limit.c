/* SPDX-License-Identifier: BSD-3-Clause */

#include "wire_limit.h"

#include <stdio.h>
#include <string.h>

const struct sweep *wire_limits_find(struct wire_limits *limits, const struct cli *cli,
				     const struct inventory *inventory, const char *group,
				     const char *from, const char *to, long top)
{
	const struct inventory_host *sender = inventory_find_host(inventory, from);
	const struct inventory_host *receiver = inventory_find_host(inventory, to);
	struct wire_limit *limit;
	long hint = 0;

	if (!sender || !receiver)
		return NULL;
	for (size_t i = 0; i < limits->count; i++) {
		limit = &limits->list[i];
		if (limit->from == sender->name && limit->to == receiver->name)
			return limit->known ? &limit->found : NULL;
		if (limit->known)
			hint = limit->found.passes;
	}
	if (limits->count == WIRE_LIMITS_MAX)
		return NULL;
	limit = &limits->list[limits->count++];
	limit->from = sender->name;
	limit->to = receiver->name;
	limit->known = sweep_find(cli, "check", group, from, to, top, hint, &limit->found);
	return limit->known ? &limit->found : NULL;
}

void wire_limit_explain(const struct sweep *found, const char *from, long top,
			struct wire_verdict *verdict)
{
	const long carries = found->passes + found->added;

	verdict->kind = WIRE_TOO_BIG;
	snprintf(verdict->detail, sizeof(verdict->detail),
		 "the path carries IP packets of %ld bytes, so tenants' packets of %ld bytes pass, "
		 "and of %ld do not: raise the MTU of what is between by %ld, or set "
		 "covey_fabric_mtu to %ld for %s, or give VXLAN devices and tenants an MTU of %ld",
		 carries, found->passes, top, top - found->passes, carries, from, found->passes);
}

void wire_limit_unknown(const char *from, long sent, long top, struct wire_verdict *verdict)
{
	const char *comma = verdict->detail[0] ? "; " : "";
	const size_t len = strlen(verdict->detail);

	verdict->kind = WIRE_TOO_BIG;
	snprintf(verdict->detail + len, sizeof(verdict->detail) - len,
		 "%s%s could send tenants' packets of %ld bytes, and none of %ld, and what passes "
		 "was not measured",
		 comma, from, sent, top);
}
