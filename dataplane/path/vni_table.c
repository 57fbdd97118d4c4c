/* SPDX-License-Identifier: BSD-3-Clause */
#include "vni_table.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct vni_table *vni_table_new(size_t count)
{
	struct vni_table *vnis;
	unsigned bits = 4;

	/* At most half of the cells are used, so there is always an empty one, and a search is
	 * short. */
	while ((size_t)1 << bits < 2 * count)
		bits++;
	vnis = malloc(sizeof(*vnis) + sizeof(vnis->cells[0]) * ((size_t)1 << bits));
	if (!vnis)
		return NULL;
	vnis->shift = 32 - bits;
	vnis->mask = (1u << bits) - 1;
	vnis->group_of_last = VNI_NO_GROUP;
	memset(vnis->cells, 0xff, sizeof(vnis->cells[0]) << bits);
	return vnis;
}

void vni_table_free(struct vni_table *vnis)
{
	free(vnis);
}

int vni_table_add(struct vni_table *vnis, uint32_t vni, uint32_t group)
{
	int before = vni_table_find(vnis, vni);
	uint32_t i = vni_table_first(vnis, vni);

	if (before != VNI_NO_GROUP)
		return before == (int)group ? 0 : -EEXIST;
	if (vni == COVEY_VNI_MAX) {
		vnis->group_of_last = (int32_t)group;
		return 0;
	}
	while (vnis->cells[i] != VNI_CELL_EMPTY)
		i = (i + 1) & vnis->mask;
	vnis->cells[i] = vni << 8 | group;
	return 0;
}
