/* SPDX-License-Identifier: BSD-3-Clause */
#include "group.h"
#include <string.h>

static bool go_together(const struct departure *a, const struct departure *b)
{
	return a->source_port == b->source_port && a->traffic_class == b->traffic_class &&
	       a->ttl == b->ttl && a->ipv6 == b->ipv6 &&
	       memcmp(a->destination, b->destination, a->ipv6 ? 16 : 4) == 0;
}

unsigned group_next(const struct departure *departures, unsigned count)
{
	uint32_t bytes;
	unsigned n;

	if (count == 0)
		return 0;
	bytes = departures[0].len;
	for (n = 1; n < count && n < GROUP_SEGMENTS_MAX; n++) {
		bytes += departures[n].len;
		if (departures[n].len > departures[0].len || bytes > GROUP_BYTES_MAX ||
		    !go_together(&departures[0], &departures[n]))
			return n;
		if (departures[n].len < departures[0].len)
			return n + 1;
	}
	return n;
}
