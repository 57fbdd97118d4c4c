/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_heard.h"

void probe_heard_add(struct probe_heard *heard, const struct covey_addr *from, uint32_t vni,
		     bool out)
{
	for (size_t i = 0; i < heard->count; i++) {
		struct probe_heard_one *one = &heard->list[i];

		if (one->vni == vni && one->out == out && covey_addr_equal(&one->from, from)) {
			one->packets++;
			return;
		}
	}
	if (heard->count == COVEY_PROBE_HEARD_MAX) {
		heard->more = true;
		return;
	}
	heard->list[heard->count++] =
		(struct probe_heard_one){.from = *from, .vni = vni, .packets = 1, .out = out};
}
