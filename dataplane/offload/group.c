/* SPDX-License-Identifier: BSD-3-Clause */
#include "group.h"
#include <string.h>

static bool go_together(const struct departure *a, const struct departure *b)
{
	return a->source_port == b->source_port && a->traffic_class == b->traffic_class &&
	       a->ttl == b->ttl && a->ipv6 == b->ipv6 &&
	       memcmp(a->destination, b->destination, a->ipv6 ? 16 : 4) == 0;
}

static bool fits(const struct group *group, const struct departure *departure)
{
	return !group->closed && group->count < GROUP_SEGMENTS_MAX &&
	       departure->len <= group->first.len &&
	       group->bytes + departure->len <= GROUP_BYTES_MAX &&
	       go_together(&group->first, departure);
}

bool group_add(struct group *group, const struct departure *departure)
{
	if (group->count == 0) {
		*group = (struct group){.first = *departure};
	} else if (!fits(group, departure)) {
		return false;
	}
	group->count++;
	group->bytes += departure->len;
	group->closed = departure->len < group->first.len;
	return true;
}
