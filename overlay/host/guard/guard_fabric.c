/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_fabric.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard_clear.h"
#include "guard_text.h"

/* --- writing ---------------------------------------------------------------------------------- */

/* Few elements however many VNIs there are. Only what goes to a foreign port is looked up here, so
 * the set may be slower than that of clear VNIs. */
static void write_set(FILE *stream, const struct covey_vnis *vnis, size_t count)
{
	fprintf(stream, "\tset " GUARD_SET_FABRIC " {\n\t\ttypeof " GUARD_VNI
			"\n\t\tflags interval\n\t\telements = { ");
	for (size_t i = 0; i < count; i++) {
		fprintf(stream, "%s%u", i ? ", " : "", vnis[i].first);
		if (vnis[i].last > vnis[i].first)
			fprintf(stream, "-%u", vnis[i].last);
	}
	fprintf(stream, " }\n\t}\n");
}

/* A rule about a part of a packet does not match if the packet ends before it. So any VNI will
 * do. */
static void write_chain(FILE *stream)
{
	fprintf(stream, "\tchain " GUARD_CHAIN_CUT " {\n"
			"\t\t" GUARD_VNI " >= 0 return comment \"it has its VNI\"\n"
			"\t\tcounter drop comment \"" GUARD_FOREIGN_CUT "\"\n\t}\n");
}

void guard_fabric_write(FILE *stream, const struct covey_vnis *vnis, size_t count)
{
	write_set(stream, vnis, count);
	write_chain(stream);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The range at *at, "100" or "0x64-0xc8"; false: there is no more. */
static bool read_range(const char **at, struct covey_vnis *ret_range)
{
	const char *from = *at + strspn(*at, " \t\n,");
	struct covey_vnis range;
	char *end;

	range.first = range.last = (uint32_t)strtoul(from, &end, 0);
	if (end == from || *from == '-')
		return false;
	if (*end == '-') {
		from = end + 1;
		range.last = (uint32_t)strtoul(from, &end, 0);
		if (end == from)
			return false;
	}
	*at = end;
	*ret_range = range;
	return true;
}

/* Ranges that touch are read as one. *ret_list is the caller's to free. False without memory. */
static bool read_set(const char *text, const char *family, struct covey_vnis **ret_list,
		     size_t *ret_count)
{
	const char *at = guard_find_elements(text, family, GUARD_SET_FABRIC);
	struct covey_vnis *list, range;
	size_t room = 1, count = 0;

	for (const char *c = at; c && *c && *c != '}'; c++)
		room += *c == ',';
	list = malloc(room * sizeof(*list));
	if (!list)
		return false;
	while (at && count < room && read_range(&at, &range)) {
		if (count > 0 && list[count - 1].last + 1 == range.first)
			list[count - 1].last = range.last;
		else
			list[count++] = range;
	}
	*ret_list = list;
	*ret_count = count;
	return true;
}

static bool is_same(const char *asked, const char *listed, const char *family)
{
	struct covey_vnis *a = NULL, *b = NULL;
	size_t a_count = 0, b_count = 0;
	bool same = read_set(asked, family, &a, &a_count) &&
		    read_set(listed, family, &b, &b_count) && a_count == b_count &&
		    (a_count == 0 || memcmp(a, b, a_count * sizeof(*a)) == 0);

	free(a);
	free(b);
	return same;
}

bool guard_fabric_same(const char *asked, const char *listed)
{
	return is_same(asked, listed, "inet") && is_same(asked, listed, "netdev");
}
