/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_clear.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard_text.h"

#define VNI_MAX 0xffffffu

/* --- lists ------------------------------------------------------------------------------------ */

static bool is_sorted(const struct guard_vnis *vnis)
{
	for (size_t i = 0; i < vnis->count; i++) {
		if (vnis->list[i] > VNI_MAX || (i > 0 && vnis->list[i] <= vnis->list[i - 1]))
			return false;
	}
	return true;
}

/* Those of a that are not in b. ret_list has room for all of a. */
static size_t without(const struct guard_vnis *a, const struct guard_vnis *b, uint32_t *ret_list)
{
	size_t count = 0;

	for (size_t i = 0, j = 0; i < a->count; i++) {
		while (j < b->count && b->list[j] < a->list[i])
			j++;
		if (j == b->count || b->list[j] != a->list[i])
			ret_list[count++] = a->list[i];
	}
	return count;
}

static bool holds_all(const struct guard_vnis *all, const struct guard_vnis *some)
{
	for (size_t i = 0, j = 0; i < some->count; i++) {
		while (j < all->count && all->list[j] < some->list[i])
			j++;
		if (j == all->count || all->list[j] != some->list[i])
			return false;
	}
	return true;
}

int guard_clear_check(const struct guard_clear *clear, struct covey_error *error)
{
	if (!is_sorted(&clear->accepted) || !is_sorted(&clear->steered))
		return covey_error_set(error, -EINVAL,
				       "a list of VNIs for the guard is not in order");
	if (!holds_all(&clear->accepted, &clear->steered))
		return covey_error_set(error, -EINVAL,
				       "a VNI that the guard is to steer is not accepted in clear");
	return 0;
}

int guard_vnis_copy(const struct guard_vnis *from, struct guard_vnis *ret_copy)
{
	struct guard_vnis to = {.count = from->count};

	if (from->count) {
		to.list = malloc(from->count * sizeof(*to.list));
		if (!to.list)
			return -ENOMEM;
		memcpy(to.list, from->list, from->count * sizeof(*to.list));
	}
	*ret_copy = to;
	return 0;
}

int guard_clear_copy(const struct guard_clear *clear, struct guard_clear *ret_copy)
{
	struct guard_clear both = {0};
	int status = guard_vnis_copy(&clear->accepted, &both.accepted);

	if (status == 0)
		status = guard_vnis_copy(&clear->steered, &both.steered);
	if (status)
		guard_clear_free(&both);
	else
		*ret_copy = both;
	return status;
}

bool guard_vnis_same(const struct guard_vnis *a, const struct guard_vnis *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->list, b->list, a->count * sizeof(*a->list)) == 0);
}

bool guard_clear_same(const struct guard_clear *a, const struct guard_clear *b)
{
	return guard_vnis_same(&a->accepted, &b->accepted) &&
	       guard_vnis_same(&a->steered, &b->steered);
}

void guard_clear_free(struct guard_clear *clear)
{
	free(clear->accepted.list);
	free(clear->steered.list);
	*clear = (struct guard_clear){0};
}

static int subtract(const struct guard_vnis *all, const struct guard_vnis *some,
		    struct guard_vnis *ret_rest)
{
	struct guard_vnis rest = {.list = malloc((all->count + 1) * sizeof(*rest.list))};

	if (!rest.list)
		return -ENOMEM;
	rest.count = without(all, some, rest.list);
	*ret_rest = rest;
	return 0;
}

int guard_clear_join(const struct guard_vnis *a, const struct guard_vnis *b,
		     struct guard_vnis *ret_both)
{
	struct guard_vnis both = {.list = malloc((a->count + b->count + 1) * sizeof(*both.list))};

	if (!both.list)
		return -ENOMEM;
	for (size_t i = 0, j = 0; i < a->count || j < b->count;) {
		uint32_t next = j == b->count || (i < a->count && a->list[i] < b->list[j])
					? a->list[i]
					: b->list[j];

		i += i < a->count && a->list[i] == next;
		j += j < b->count && b->list[j] == next;
		both.list[both.count++] = next;
	}
	*ret_both = both;
	return 0;
}

void guard_clear_keep(struct guard_vnis *vnis, const struct guard_vnis *of)
{
	size_t count = 0;

	for (size_t i = 0, j = 0; i < vnis->count; i++) {
		while (j < of->count && of->list[j] < vnis->list[i])
			j++;
		if (j < of->count && of->list[j] == vnis->list[i])
			vnis->list[count++] = vnis->list[i];
	}
	vnis->count = count;
}

void guard_clear_drop(struct guard_vnis *vnis, const struct guard_vnis *of)
{
	vnis->count = without(vnis, of, vnis->list);
}

/* --- text ------------------------------------------------------------------------------------- */

static void begin_set(FILE *stream, const char *name)
{
	fprintf(stream, "\tset %s {\n\t\ttypeof " GUARD_VNI "\n\t\telements = { ", name);
}

static void end_set(FILE *stream)
{
	fprintf(stream, " }\n\t}\n");
}

void guard_clear_write_set(FILE *stream, const char *name, const struct guard_vnis *vnis)
{
	if (vnis->count == 0)
		return;
	begin_set(stream, name);
	for (size_t i = 0; i < vnis->count; i++)
		fprintf(stream, "%s%u", i ? ", " : "", vnis->list[i]);
	end_set(stream);
}

void guard_clear_write_observed(FILE *stream, const struct guard_clear *clear)
{
	const struct guard_vnis *steered = &clear->steered;
	bool first = true;

	if (clear->accepted.count == steered->count)
		return;
	begin_set(stream, GUARD_SET_OBSERVED);
	for (size_t i = 0, j = 0; i < clear->accepted.count; i++) {
		if (j < steered->count && steered->list[j] == clear->accepted.list[i]) {
			j++;
			continue;
		}
		fprintf(stream, "%s%u", first ? "" : ", ", clear->accepted.list[i]);
		first = false;
	}
	end_set(stream);
}

int guard_clear_read_set(const char *text, const char *family, const char *name,
			 struct guard_vnis *ret_vnis)
{
	const char *at = guard_find_elements(text, family, name);
	struct guard_vnis vnis = {0};
	size_t room = 1;

	if (!at) {
		*ret_vnis = vnis;
		return 0;
	}
	for (const char *c = at; *c && *c != '}'; c++)
		room += *c == ',';
	vnis.list = malloc(room * sizeof(*vnis.list));
	if (!vnis.list)
		return -ENOMEM;
	while (vnis.count < room) {
		char *end;

		at += strspn(at, " \t\n,");
		vnis.list[vnis.count] = (uint32_t)strtoul(at, &end, 0);
		if (end == at)
			break;
		vnis.count++;
		at = end;
	}
	*ret_vnis = vnis;
	return 0;
}

int guard_clear_read(const char *rules, struct guard_clear *ret_clear)
{
	struct guard_vnis observed = {0};
	struct guard_clear clear = {0};
	int status = guard_clear_read_set(rules, "netdev", GUARD_SET_CLEAR, &clear.accepted);

	if (status == 0)
		status = guard_clear_read_set(rules, "inet", GUARD_SET_OBSERVED, &observed);
	if (status == 0)
		status = subtract(&clear.accepted, &observed, &clear.steered);
	free(observed.list);
	/* Rules that somebody has changed may say anything. */
	if (status == 0 && guard_clear_check(&clear, NULL))
		guard_clear_free(&clear);
	if (status)
		guard_clear_free(&clear);
	else
		*ret_clear = clear;
	return status;
}

static bool is_same_set(const char *asked, const char *listed, const char *family, const char *name)
{
	struct guard_vnis a = {0}, b = {0};
	bool same = guard_clear_read_set(asked, family, name, &a) == 0 &&
		    guard_clear_read_set(listed, family, name, &b) == 0 && guard_vnis_same(&a, &b);

	free(a.list);
	free(b.list);
	return same;
}

bool guard_clear_same_sets(const char *asked, const char *listed)
{
	return is_same_set(asked, listed, "inet", GUARD_SET_CLEAR) &&
	       is_same_set(asked, listed, "inet", GUARD_SET_OBSERVED) &&
	       is_same_set(asked, listed, "netdev", GUARD_SET_CLEAR);
}
