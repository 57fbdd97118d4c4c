/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_heard.h"

/* NULL when there is none, and none that a stranger may take. */
static struct probe_heard_one *find_place(struct probe_heard *heard, bool member)
{
	if (heard->count < COVEY_PROBE_HEARD_MAX)
		return &heard->list[heard->count++];
	heard->more = true;
	for (size_t i = 0; i < heard->count && !member; i++)
		if (heard->list[i].member)
			return &heard->list[i];
	return NULL;
}

void probe_heard_add(struct probe_heard *heard, const struct covey_addr *from, bool member,
		     uint32_t vni, bool out)
{
	struct probe_heard_one *place;

	for (size_t i = 0; i < heard->count; i++) {
		struct probe_heard_one *one = &heard->list[i];

		if (one->vni == vni && one->out == out && covey_addr_equal(&one->from, from)) {
			one->packets++;
			return;
		}
	}
	place = find_place(heard, member);
	if (place)
		*place = (struct probe_heard_one){
			.from = *from, .vni = vni, .packets = 1, .out = out, .member = member};
}

bool probe_heard_overflown(struct probe_heard *heard, bool exact)
{
	heard->more |= exact || heard->count > 0;
	return heard->more;
}
