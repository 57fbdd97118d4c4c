/* SPDX-License-Identifier: BSD-3-Clause */

#include "mode_lists.h"

#include <errno.h>
#include <inventory.h>
#include <state.h>
#include <stdlib.h>
#include <string.h>

#include "mode_file.h"

const struct mode_record *mode_lists_find_record(const struct mode_record *records, size_t count,
						 const char *group)
{
	const struct mode_record *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (strcmp(records[i].group, group) == 0)
			found = &records[i];
	return found;
}

struct mode_record mode_lists_first(const struct inventory *inventory, const char *name,
				    const struct mode_record *records, size_t count)
{
	const struct inventory_group *group = inventory_find_group(inventory, name);
	const struct mode_record *record = mode_lists_find_record(records, count, name);
	struct mode_record first = {
		.mode = group ? group->mode : COVEY_MODE_ENFORCE,
		.then = COVEY_MODE_ENFORCE,
		.left_ms = UINT64_MAX,
	};

	if (record) {
		first.mode = record->left_ms == 0 ? record->then : record->mode;
		first.then = record->then;
		first.left_ms = record->left_ms == 0 ? UINT64_MAX : record->left_ms;
		first.between_ms = record->between_ms;
	}
	strcpy(first.group, name);
	return first;
}

/* --- lists ------------------------------------------------------------------------------------ */

static int append(struct guard_vnis *vnis, const uint32_t *list, size_t count)
{
	uint32_t *larger = reallocarray(vnis->list, vnis->count + count, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	memcpy(larger + vnis->count, list, count * sizeof(*list));
	vnis->list = larger;
	vnis->count += count;
	return 0;
}

/* What is collected group by group. */
struct lists {
	struct guard_clear clear;
	struct guard_vnis enforced;
};

/* keyed: there was an SA already, so what is steered to covey-host can be encrypted. */
static int add(struct lists *lists, enum covey_mode mode, bool keyed, const uint32_t *list,
	       size_t count)
{
	int status;

	if (count == 0)
		return 0;
	if (!covey_mode_accepts_clear(mode))
		return append(&lists->enforced, list, count);
	status = append(&lists->clear.accepted, list, count);
	if (status == 0 && !covey_mode_sends_clear(mode) && keyed)
		status = append(&lists->clear.steered, list, count);
	return status;
}

static int by_number(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static void sort(struct guard_vnis *vnis)
{
	size_t kept = 0;

	if (vnis->count > 1)
		qsort(vnis->list, vnis->count, sizeof(*vnis->list), by_number);
	for (size_t i = 0; i < vnis->count; i++)
		if (kept == 0 || vnis->list[kept - 1] != vnis->list[i])
			vnis->list[kept++] = vnis->list[i];
	vnis->count = kept;
}

/* Two groups have the same VNI as long as the key manager and our inventory do not say the same.
 * The stricter mode counts then. */
static int end(struct lists *lists, int status, struct guard_clear *ret_clear,
	       struct covey_error *error)
{
	struct guard_clear *clear = &lists->clear;

	sort(&clear->accepted);
	sort(&clear->steered);
	sort(&lists->enforced);
	guard_clear_drop(&clear->accepted, &lists->enforced);
	guard_clear_drop(&clear->steered, &lists->enforced);
	free(lists->enforced.list);
	if (status) {
		guard_clear_free(clear);
		covey_error_set(error, status, "out of memory");
	}
	*ret_clear = *clear;
	return status;
}

/* Was this VNI given to the group by both when covey-host ran last? */
static bool was_agreed(const struct mode_record *record, uint32_t vni)
{
	return record && covey_vnis_have(record->vnis, record->vnis_count, vni);
}

/* Of the group in the inventory, what was agreed is in this mode, and the rest passes in none. */
static int add_recorded(struct lists *lists, enum covey_mode mode, bool keyed,
			const struct inventory_group *group, const struct mode_record *record)
{
	int status = 0;

	for (size_t i = 0; i < group->vni_count && status == 0; i++)
		status = add(lists, was_agreed(record, group->vnis[i]) ? mode : COVEY_MODE_ENFORCE,
			     keyed, &group->vnis[i], 1);
	return status;
}

/* The same, unless there is no record that says. */
static int add_first(struct lists *lists, enum covey_mode mode, bool keyed,
		     const struct inventory_group *group, const struct mode_record *record)
{
	return record && record->has_vnis ? add_recorded(lists, mode, keyed, group, record)
					  : add(lists, mode, keyed, group->vnis, group->vni_count);
}

int mode_lists_of_first(const struct inventory *inventory, const struct inventory_host *self,
			const struct mode_record *records, size_t count,
			struct guard_clear *ret_clear, struct covey_error *error)
{
	struct lists lists = {0};
	int status = 0;

	for (size_t i = 0; i < inventory->group_count && status == 0; i++) {
		const struct inventory_group *group = &inventory->groups[i];

		if (inventory_find_member(inventory, group, self))
			status = add_first(
				&lists,
				mode_lists_first(inventory, group->name, records, count).mode,
				false, group, mode_lists_find_record(records, count, group->name));
	}
	return end(&lists, status, ret_clear, error);
}

/* Of what the key manager says, only what our inventory says, too, may pass in clear. */
static int add_agreed(struct lists *lists, const struct inventory_group *known,
		      const struct membership *group)
{
	int status = 0;

	for (size_t i = 0; i < group->vni_count && status == 0; i++)
		status = add(lists,
			     known && inventory_has_vni(known, group->vnis[i]) ? group->mode.mode
									       : COVEY_MODE_ENFORCE,
			     group->mode.keyed, &group->vnis[i], 1);
	return status;
}

/* Before it is joined, there is only our inventory, and what was agreed before. */
static int add_membership(struct lists *lists, const struct inventory *inventory,
			  const struct membership *group, const struct mode_record *record)
{
	const struct inventory_group *known = inventory_find_group(inventory, group->name);

	if (group->state == MEMBERSHIP_LEAVING)
		return 0;
	if (group->vni_count > 0)
		return add_agreed(lists, known, group);
	return known ? add_first(lists, group->mode.mode, group->mode.keyed, known, record) : 0;
}

int mode_lists_find_disputed(const struct inventory *inventory, const struct member_state *state,
			     struct guard_vnis *ret_vnis)
{
	struct guard_vnis vnis = {0};
	int status = 0;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct membership *group = state->groups[i];
		const struct inventory_group *known =
			group ? inventory_find_group(inventory, group->name) : NULL;

		for (size_t j = 0; group && j < group->vni_count && status == 0; j++)
			if (!known || !inventory_has_vni(known, group->vnis[j]))
				status = append(&vnis, &group->vnis[j], 1);
	}
	sort(&vnis);
	*ret_vnis = vnis;
	return status;
}

/* NULL without memory. */
static struct covey_vnis *ranges_of(const struct guard_vnis *all, size_t *ret_count)
{
	struct covey_vnis *vnis = malloc((all->count + 1) * sizeof(*vnis));
	size_t count = 0;

	for (size_t i = 0; i < all->count && vnis; i++) {
		if (count == 0 || vnis[count - 1].last + 1 != all->list[i])
			vnis[count++].first = all->list[i];
		vnis[count - 1].last = all->list[i];
	}
	*ret_count = count;
	return vnis;
}

int mode_lists_agreed(const struct inventory *inventory, const struct membership *group,
		      const struct mode_record *record, const struct guard_vnis *disputed,
		      struct covey_vnis **ret_vnis, size_t *ret_count)
{
	struct membership open = *group;
	struct lists lists = {0};
	struct covey_vnis *vnis = NULL;
	size_t count = 0;
	int status;

	open.mode.mode = COVEY_MODE_OBSERVE;
	status = add_membership(&lists, inventory, &open, record);
	sort(&lists.clear.accepted);
	guard_clear_drop(&lists.clear.accepted, disputed);
	if (status == 0)
		vnis = ranges_of(&lists.clear.accepted, &count);
	free(lists.enforced.list);
	guard_clear_free(&lists.clear);
	if (!vnis)
		return -ENOMEM;
	*ret_vnis = vnis;
	*ret_count = count;
	return 0;
}

bool mode_lists_disputed(const struct inventory *inventory, const struct membership *group,
			 uint32_t *ret_vni)
{
	const struct inventory_group *known = inventory_find_group(inventory, group->name);

	for (size_t i = 0; i < group->vni_count; i++)
		if (!known || !inventory_has_vni(known, group->vnis[i])) {
			*ret_vni = group->vnis[i];
			return true;
		}
	return false;
}

int mode_lists_of_member(const struct inventory *inventory, const struct member_state *state,
			 const struct mode_record *records, size_t count,
			 struct guard_clear *ret_clear, struct covey_error *error)
{
	struct lists lists = {0};
	int status = 0;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX && status == 0; i++)
		if (state->groups[i])
			status = add_membership(
				&lists, inventory, state->groups[i],
				mode_lists_find_record(records, count, state->groups[i]->name));
	return end(&lists, status, ret_clear, error);
}

/* --- deadlines without covey-host ------------------------------------------------------------- */

static bool is_due(const struct mode_record *records, size_t count, const char *group)
{
	for (size_t i = 0; i < count; i++)
		if (records[i].left_ms == 0 && strcmp(records[i].group, group) == 0)
			return true;
	return false;
}

/* Those of the groups that are due go into lists by their mode, those of the others into
 * ret_others. */
static int divide(const struct inventory *inventory, const struct inventory_host *self,
		  const struct mode_record *records, size_t count, struct lists *lists,
		  struct guard_vnis *ret_others, bool *ret_due)
{
	int status = 0;

	for (size_t i = 0; i < inventory->group_count && status == 0; i++) {
		const struct inventory_group *group = &inventory->groups[i];

		if (!inventory_find_member(inventory, group, self) || group->vni_count == 0)
			continue;
		if (!is_due(records, count, group->name)) {
			status = append(ret_others, group->vnis, group->vni_count);
			continue;
		}
		*ret_due = true;
		status = add_recorded(
			lists, mode_lists_first(inventory, group->name, records, count).mode, true,
			group, mode_lists_find_record(records, count, group->name));
	}
	sort(ret_others);
	return status;
}

/* Those that stand now and are of other groups. */
static int add_standing(struct guard_vnis *vnis, const struct guard_vnis *standing,
			const struct guard_vnis *others)
{
	struct guard_vnis kept = {0};
	int status = standing->count ? append(&kept, standing->list, standing->count) : 0;

	guard_clear_keep(&kept, others);
	if (status == 0 && kept.count > 0)
		status = append(vnis, kept.list, kept.count);
	free(kept.list);
	return status;
}

int mode_lists_follow(const struct inventory *inventory, const struct inventory_host *self,
		      const struct mode_record *records, size_t count, struct guard_clear *clear,
		      struct covey_error *error)
{
	struct guard_vnis others = {0};
	struct guard_clear now;
	struct lists lists = {0};
	bool due = false;
	int status = divide(inventory, self, records, count, &lists, &others, &due);

	if (status == 0)
		status = add_standing(&lists.clear.accepted, &clear->accepted, &others);
	if (status == 0)
		status = add_standing(&lists.clear.steered, &clear->steered, &others);
	free(others.list);
	status = end(&lists, status, &now, error);
	if (status || !due) {
		guard_clear_free(&now);
		return status;
	}
	guard_clear_free(clear);
	*clear = now;
	return 0;
}
