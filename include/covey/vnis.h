/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Sets of VNIs, as ranges that are sorted and neither overlap nor touch.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct covey_vnis {
	uint32_t first, last;
};

/* True if one of the ranges has the VNI. */
static inline bool covey_vnis_have(const struct covey_vnis *vnis, size_t count, uint32_t vni)
{
	while (count > 0) {
		const struct covey_vnis *middle = &vnis[count / 2];

		if (vni >= middle->first && vni <= middle->last)
			return true;
		if (vni > middle->last) {
			vnis = middle + 1;
			count -= count / 2 + 1;
		} else {
			count /= 2;
		}
	}
	return false;
}
