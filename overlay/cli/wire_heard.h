/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * VXLAN in clear that members of a group have seen on their uplinks while they sent probes to each
 * other: something sends it that does not go by covey.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "inventory.h"

/* So many are told apart, of all groups: by source address and VNI. Anybody can forge addresses. */
#define WIRE_HEARD_MAX 16
/* So many hosts are named, for each, and of those that have not looked. */
#define WIRE_HEARD_NAMES_MAX 8

struct wire_heard {
	json_t *list;      /* as JSON, too */
	json_t *blind;     /* {"host", "reason"}: who has not looked */
	bool more;         /* there was more than is in the list, or may have been */
	size_t more_blind; /* hosts that have not looked and are not named */
};

/* 0 or -ENOMEM. */
int wire_heard_init(struct wire_heard *heard);
void wire_heard_release(struct wire_heard *heard);

/* What the reports of one run say. observes: this group is in observe, so its members send in clear
 * as they should; only others count, and where there was more than a member looks at, it has not
 * looked for all of them. */
void wire_heard_take(struct wire_heard *heard, const struct inventory *inventory,
		     const struct inventory_group *group, const json_t *answer, bool observes);
/* False when there was none. */
bool wire_heard_any(const struct wire_heard *heard);
void wire_heard_print(const struct wire_heard *heard, FILE *out);
