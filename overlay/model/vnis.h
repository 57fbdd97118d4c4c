/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/* One item of a `vnis` list: a number or a range. */
struct vni_range {
	uint32_t first, last;
	const struct node *mark;
	const char *group;
	struct vni_range *next;
};

/* Read a list of VNIs into the group. what: "covey group tenants". */
void vnis_read(struct reader *reader, const char *what, const struct node *list,
	       struct inventory_group *group);

/* Report VNIs that are in two groups, or twice in one. Call after the last vnis_read(). */
void vnis_check(struct reader *reader);
