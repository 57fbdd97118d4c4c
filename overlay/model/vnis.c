/* SPDX-License-Identifier: BSD-3-Clause */
#include "vnis.h"

#include <stdlib.h>
#include <string.h>

#include "values.h"

/* Read a number that is made of digits only, and move on. */
static bool take_vni(const char **text, uint32_t *ret_vni)
{
	size_t digits = strspn(*text, "0123456789");
	unsigned long vni;

	if (digits == 0 || digits > 8)
		return false;
	vni = strtoul(*text, NULL, 10);
	*text += digits;
	*ret_vni = (uint32_t)vni;
	return vni <= COVEY_VNI_MAX;
}

/* "200-210", also "200 - 210" and "200". */
static bool parse_range(const char *text, struct vni_range *range)
{
	text += strspn(text, " ");
	if (!take_vni(&text, &range->first))
		return false;
	range->last = range->first;
	text += strspn(text, " ");
	if (*text == '\0')
		return true;
	if (*text++ != '-')
		return false;
	text += strspn(text, " ");
	return take_vni(&text, &range->last) && text[strspn(text, " ")] == '\0' &&
	       range->first <= range->last;
}

static bool read_item(struct reader *reader, const char *what, const struct node *item,
		      struct vni_range *range)
{
	char label[128];
	uint64_t vni;

	snprintf(label, sizeof(label), "a VNI of %s", what);
	if (value_kind(reader, item) != SCALAR_TEXT) {
		if (!value_integer(reader, label, item, 0, COVEY_VNI_MAX, &vni))
			return false;
		range->first = range->last = (uint32_t)vni;
		return true;
	}
	if (parse_range(item->text, range))
		return true;
	return value_mismatch(reader, label, item,
			      "a number from 0 to 16777215 or a range like \"200-210\"");
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void store(struct reader *reader, const struct vni_range *ranges, size_t count,
		  struct inventory_group *group)
{
	group->vnis = calloc(count + 1, sizeof(*group->vnis));
	if (!group->vnis) {
		reader->diagnostics->out_of_memory = true;
		return;
	}
	for (const struct vni_range *range = ranges; range && range->group == group->name;
	     range = range->next)
		for (uint32_t vni = range->first; vni <= range->last; vni++)
			group->vnis[group->vni_count++] = vni;
	qsort(group->vnis, group->vni_count, sizeof(*group->vnis), by_value);
}

void vnis_read(struct reader *reader, const char *what, const struct node *list,
	       struct inventory_group *group)
{
	size_t count = 0;

	if (list->kind != NODE_SEQUENCE || list->count == 0) {
		char label[128];

		snprintf(label, sizeof(label), "vnis of %s", what);
		value_mismatch(reader, label, list, "a list of VNIs, like [100, \"200-210\"]");
		return;
	}
	node_for_each_item(item, list) {
		struct vni_range range = {.mark = item, .group = group->name};
		struct vni_range *kept;

		if (!read_item(reader, what, item, &range))
			continue;
		kept = reader_alloc(reader, sizeof(*kept));
		if (!kept)
			return;
		range.next = reader->vni_ranges;
		*kept = range;
		reader->vni_ranges = kept;
		reader->vni_range_count++;
		count += range.last - range.first + 1;
	}
	if (count > COVEY_VNIS_PER_GROUP_MAX)
		reader_report(reader, list, "%s has %zu VNIs, a group can have %u", what, count,
			      COVEY_VNIS_PER_GROUP_MAX);
	else
		store(reader, reader->vni_ranges, count, group);
}

static int by_first(const void *a, const void *b)
{
	const struct vni_range *x = *(const struct vni_range *const *)a;
	const struct vni_range *y = *(const struct vni_range *const *)b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static bool is_later(const struct node *a, const struct node *b)
{
	return a->line != b->line ? a->line > b->line : a->column > b->column;
}

static void report_overlap(struct reader *reader, const struct vni_range *a,
			   const struct vni_range *b)
{
	const struct vni_range *later = is_later(a->mark, b->mark) ? a : b;
	const struct vni_range *earlier = later == a ? b : a;
	uint32_t vni = a->first > b->first ? a->first : b->first;

	if (a->group == b->group)
		reader_report(reader, later->mark,
			      "VNI %u is in group %s twice, first at line %u: remove one", vni,
			      later->group, earlier->mark->line);
	else
		reader_report(reader, later->mark,
			      "VNI %u is in group %s already (line %u): a VNI belongs to one group",
			      vni, earlier->group, earlier->mark->line);
}

/* sorted: by their first VNIs. Ranges that touch become one. */
static void join(struct reader *reader, const struct vni_range *const *sorted, size_t count)
{
	struct inventory *inventory = reader->inventory;

	inventory->vnis = calloc(count + 1, sizeof(*inventory->vnis));
	if (!inventory->vnis) {
		reader->diagnostics->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct covey_vnis *last = &inventory->vnis[inventory->vnis_count];

		if (inventory->vnis_count > 0 && sorted[i]->first == last[-1].last + 1) {
			last[-1].last = sorted[i]->last;
			continue;
		}
		*last = (struct covey_vnis){sorted[i]->first, sorted[i]->last};
		inventory->vnis_count++;
	}
}

void vnis_check(struct reader *reader)
{
	const struct vni_range **sorted = calloc(reader->vni_range_count + 1, sizeof(*sorted));
	const struct vni_range *widest;
	size_t count = 0;

	if (!sorted) {
		reader->diagnostics->out_of_memory = true;
		return;
	}
	for (const struct vni_range *range = reader->vni_ranges; range; range = range->next)
		sorted[count++] = range;
	qsort(sorted, count, sizeof(*sorted), by_first);
	widest = sorted[0];
	for (size_t i = 1; i < count; i++) {
		if (sorted[i]->first <= widest->last)
			report_overlap(reader, widest, sorted[i]);
		if (sorted[i]->last > widest->last)
			widest = sorted[i];
	}
	join(reader, sorted, count);
	free(sorted);
}
