/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_heard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own_rules.h"

/* "1m", "58s", "59s996ms" or "996ms", in milliseconds; 0 when it is no time. */
static uint64_t read_time_ms(const char *at, const char *end)
{
	uint64_t ms = 0;
	char *unit;

	while (at < end && *at >= '0' && *at <= '9') {
		uint64_t number = strtoull(at, &unit, 10);

		if (unit[0] == 'm' && unit[1] == 's')
			ms += number;
		else if (unit[0] == 's')
			ms += number * 1000;
		else if (unit[0] == 'm')
			ms += number * 60000;
		at = unit + strspn(unit, "ms");
	}
	return ms;
}

/* How long ago its time began anew, with its last packet. */
static uint32_t read_ago_s(const char *at, const char *end)
{
	static const char expires[] = "expires ";
	const char *left = memmem(at, (size_t)(end - at), expires, strlen(expires));
	uint64_t ms = left ? read_time_ms(left + strlen(expires), end) : 0;

	return ms > 0 && ms < OWN_HEARD_S * 1000 ? (uint32_t)((OWN_HEARD_S * 1000 - ms) / 1000) : 0;
}

/* "10.9.0.2 . 0x64 counter packets 3 bytes 300 timeout 1m expires 58s": some versions of nft have
 * the counter behind the time. Returns false when there is no such element at this place. */
static bool read_element(const char *at, const char *end, struct guard_heard *ret_heard)
{
	static const char counter[] = "counter packets ";
	const char *packets = memmem(at, (size_t)(end - at), counter, strlen(counter));
	struct guard_heard heard = {.out = ret_heard->out};
	char address[COVEY_ADDR_STRLEN], vni[16];

	if (sscanf(at, " %45s . %15s", address, vni) != 2 ||
	    !covey_addr_parse(address, &heard.address))
		return false;
	heard.vni = (uint32_t)strtoul(vni, NULL, 0);
	heard.ago_s = read_ago_s(at, end);
	heard.packets = packets ? strtoull(packets + strlen(counter), NULL, 10) : 0;
	*ret_heard = heard;
	return true;
}

/* The elements of one set, from behind the brace. */
static size_t read_elements(const char *at, bool out, struct guard_heard *list, size_t max,
			    size_t count)
{
	while (*at && *at != '}') {
		const char *end = at + strcspn(at, ",}");
		struct guard_heard heard = {.out = out};

		if (read_element(at, end, &heard)) {
			if (count < max)
				list[count] = heard;
			count++;
		}
		at = end + (*end == ',');
	}
	return count;
}

size_t guard_heard_read(const char *listing, struct guard_heard *list, size_t max)
{
	static const struct {
		const char *begin;
		bool out;
	} sets[] = {
		{"\tset " OWN_HEARD_IN "4 {", false},
		{"\tset " OWN_HEARD_IN "6 {", false},
		{"\tset " OWN_HEARD_OUT "4 {", true},
		{"\tset " OWN_HEARD_OUT "6 {", true},
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		const char *set = strstr(listing, sets[i].begin);
		const char *end = set ? strstr(set, "\n\t}") : NULL;
		const char *elements = set ? strstr(set, "elements = {") : NULL;

		if (elements && end && elements < end)
			count = read_elements(elements + strlen("elements = {"), sets[i].out, list,
					      max, count);
	}
	return count;
}
