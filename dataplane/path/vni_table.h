/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The group of each VNI, as an immutable hash table. It is small, so that it stays in the cache
 * beside the packets: a cell has 24 bits of VNI and 8 bits of group.
 */

#include <covey/limits.h>
#include <stddef.h>
#include <stdint.h>

#define VNI_NO_GROUP (-1)

#define VNI_CELL_EMPTY UINT32_MAX

_Static_assert(COVEY_GROUPS_PER_HOST_MAX <= 256, "a group takes 8 bits");
_Static_assert(COVEY_VNI_MAX == 0xffffff, "a VNI takes 24 bits");

struct vni_table {
	uint32_t shift; /* 32 less the number of bits in a cell's index */
	uint32_t mask;
	int32_t group_of_last; /* of COVEY_VNI_MAX, which is not in a cell: it could look empty */
	uint32_t cells[];
};

/* An empty table with room for count VNIs. NULL when out of memory. */
struct vni_table *vni_table_new(size_t count);
void vni_table_free(struct vni_table *vnis);

/* Before publication: say that vni (24 bits) belongs to group (below COVEY_GROUPS_PER_HOST_MAX).
 * -EEXIST when it belongs to another one. */
int vni_table_add(struct vni_table *vnis, uint32_t vni, uint32_t group);

static inline uint32_t vni_table_first(const struct vni_table *vnis, uint32_t vni)
{
	return (uint32_t)(vni * UINT32_C(0x9e3779b1)) >> vnis->shift;
}

/* The VNI's group, or VNI_NO_GROUP. */
static inline int vni_table_find(const struct vni_table *vnis, uint32_t vni)
{
	for (uint32_t i = vni_table_first(vnis, vni);; i = (i + 1) & vnis->mask) {
		uint32_t cell = vnis->cells[i];

		if (cell == VNI_CELL_EMPTY)
			return vni == COVEY_VNI_MAX ? vnis->group_of_last : VNI_NO_GROUP;
		if (cell >> 8 == vni)
			return (int)(cell & 0xff);
	}
}
