/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "update.h"

void inventory_changes_free(struct inventory_changes *changes)
{
	free(changes->list);
	*changes = (struct inventory_changes){0};
}

bool inventory_change_is_live(const struct inventory_change *change)
{
	return change->kind < INVENTORY_FABRIC_KEPT;
}

const char *inventory_change_text(const struct inventory *inventory,
				  const struct inventory_change *change, char *buf)
{
	const char *variable = change->variable;
	const char *host, *group;

	host = change->host < inventory->host_count ? inventory->hosts[change->host].name : "";
	group = change->group < inventory->group_count ? inventory->groups[change->group].name : "";
	switch (change->kind) {
	case INVENTORY_QOS_MAP:
	case INVENTORY_GKMS:
	case INVENTORY_FABRIC_KEPT:
		snprintf(buf, INVENTORY_CHANGE_SIZE, "%s", variable);
		break;
	case INVENTORY_HOST_ADDED:
		snprintf(buf, INVENTORY_CHANGE_SIZE, "host %s is new", host);
		break;
	case INVENTORY_HOST_REMOVED:
		snprintf(buf, INVENTORY_CHANGE_SIZE, "host %s is removed", host);
		break;
	case INVENTORY_GROUP_ADDED:
		snprintf(buf, INVENTORY_CHANGE_SIZE, "group %s is new", group);
		break;
	case INVENTORY_GROUP_REMOVED:
		snprintf(buf, INVENTORY_CHANGE_SIZE, "group %s is removed", group);
		break;
	case INVENTORY_HOST_VTEP:
	case INVENTORY_HOST_KEPT:
		snprintf(buf, INVENTORY_CHANGE_SIZE, "%s of host %s", variable, host);
		break;
	case INVENTORY_GROUP_VNIS:
	case INVENTORY_GROUP_MEMBERS:
	case INVENTORY_GROUP_REKEY:
	case INVENTORY_GROUP_KEPT:
		snprintf(buf, INVENTORY_CHANGE_SIZE, "%s of group %s", variable, group);
		break;
	}
	return buf;
}
