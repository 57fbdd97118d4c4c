/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The group of each VNI, as an immutable hash table. */

#include <stddef.h>
#include <stdint.h>

#define VNI_NO_GROUP (-1)

struct vni_cell {
	uint32_t vni; /* UINT32_MAX: empty */
	uint32_t group;
};

struct vni_table {
	uint32_t shift; /* 32 less the number of bits in a cell's index */
	uint32_t mask;
	struct vni_cell cells[];
};

/* An empty table with room for count VNIs. NULL when out of memory. */
struct vni_table *vni_table_new(size_t count);
void vni_table_free(struct vni_table *vnis);

/* Before publication: say that vni (24 bits) belongs to group. -EEXIST when it belongs to another
 * one. */
int vni_table_add(struct vni_table *vnis, uint32_t vni, uint32_t group);

static inline uint32_t vni_table_first(const struct vni_table *vnis, uint32_t vni)
{
	return (uint32_t)(vni * UINT32_C(0x9e3779b1)) >> vnis->shift;
}

/* The VNI's group, or VNI_NO_GROUP. */
static inline int vni_table_find(const struct vni_table *vnis, uint32_t vni)
{
	for (uint32_t i = vni_table_first(vnis, vni);; i = (i + 1) & vnis->mask) {
		if (vnis->cells[i].vni == vni)
			return (int)vnis->cells[i].group;
		if (vnis->cells[i].vni == UINT32_MAX)
			return VNI_NO_GROUP;
	}
}
