/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A running program takes over what has changed in the inventory, in place: hosts, groups and a
 * group's members keep their addresses and their indexes. What is not in the file any more stays as
 * `gone`, and what is new comes behind the rest. What cannot change while a program runs stays as
 * it was, and is named.
 */

#include "inventory.h"

enum inventory_change_kind {
	/* Taken over. */
	INVENTORY_QOS_MAP,
	INVENTORY_GKMS,
	INVENTORY_HOST_ADDED, /* also one that was gone */
	INVENTORY_HOST_REMOVED,
	INVENTORY_HOST_VTEP, /* of another host than one's own */
	INVENTORY_GROUP_ADDED,
	INVENTORY_GROUP_REMOVED,
	INVENTORY_GROUP_VNIS,
	INVENTORY_GROUP_MEMBERS, /* which, or their rights */
	INVENTORY_GROUP_REKEY,
	/* Not taken over: `variable` says what it is. */
	INVENTORY_FABRIC_KEPT,
	INVENTORY_HOST_KEPT,
	INVENTORY_GROUP_KEPT,
};

struct inventory_change {
	enum inventory_change_kind kind;
	size_t host;          /* index, where it is one of a host */
	size_t group;         /* index, where it is one of a group */
	const char *variable; /* the key's name */
};

struct inventory_changes {
	struct inventory_change *list;
	size_t count, room;
};

/* More hosts than there are now, which an inventory may have in all. */
#define INVENTORY_HOSTS_ADDED_MAX 4096u

/*
 * Make room, so that inventory_update() can add. To be called before anybody keeps an address of a
 * host or group. Returns 0 or -ENOMEM.
 */
int inventory_make_room(struct inventory *inventory);

/*
 * Take over what is in `fresh`, which has the groups as they were after that, and is still to be
 * freed. self: the host that
 * this program runs on, whose variables stay as they are; NULL: of no host does anything stay but
 * its covey_sender_id, and variables that are not of a host's VTEP make no change. Fills
 * *ret_changes (inventory_changes_free). Returns 0 or -ENOMEM. Only a restart helps when it returns
 * -ENOSPC, because there are so many new hosts or groups, or -EAFNOSUPPORT, because the VTEPs are
 * of the other IP family. After a failure nothing has changed.
 */
int inventory_update(struct inventory *inventory, struct inventory *fresh,
		     const struct inventory_host *self, struct inventory_changes *ret_changes);

void inventory_changes_free(struct inventory_changes *changes);

/* Was it taken over? */
bool inventory_change_is_live(const struct inventory_change *change);

/* What has changed, such as "group tenants: vnis". Returns buf. */
#define INVENTORY_CHANGE_SIZE 192
const char *inventory_change_text(const struct inventory *inventory,
				  const struct inventory_change *change, char *buf);
