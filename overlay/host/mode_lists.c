/* SPDX-License-Identifier: BSD-3-Clause */

#include "mode_lists.h"

#include <errno.h>
#include <inventory.h>
#include <state.h>
#include <stdlib.h>
#include <string.h>

#include "mode_file.h"

struct mode_record mode_lists_first(const struct inventory *inventory, const char *name,
				    const struct mode_record *records, size_t count)
{
	const struct inventory_group *group = inventory_find_group(inventory, name);
	struct mode_record first = {
		.mode = group ? group->mode : COVEY_MODE_ENFORCE,
		.then = COVEY_MODE_ENFORCE,
		.left_ms = UINT64_MAX,
	};

	for (size_t i = 0; i < count; i++)
		if (strcmp(records[i].group, name) == 0)
			first = records[i];
	if (first.left_ms == 0)
		first = (struct mode_record){.mode = first.then,
					     .then = first.then,
					     .left_ms = UINT64_MAX,
					     .between_ms = first.between_ms};
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

int mode_lists_of_first(const struct inventory *inventory, const struct inventory_host *self,
			const struct mode_record *records, size_t count,
			struct guard_clear *ret_clear, struct covey_error *error)
{
	struct lists lists = {0};
	int status = 0;

	for (size_t i = 0; i < inventory->group_count && status == 0; i++) {
		const struct inventory_group *group = &inventory->groups[i];

		if (inventory_find_member(inventory, group, self))
			status = add(&lists,
				     mode_lists_first(inventory, group->name, records, count).mode,
				     false, group->vnis, group->vni_count);
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

/* Before it is joined, there is only our inventory. */
static int add_membership(struct lists *lists, const struct inventory *inventory,
			  const struct membership *group)
{
	const struct inventory_group *known = inventory_find_group(inventory, group->name);

	if (group->state == MEMBERSHIP_LEAVING)
		return 0;
	if (group->vni_count > 0)
		return add_agreed(lists, known, group);
	return known ? add(lists, group->mode.mode, group->mode.keyed, known->vnis,
			   known->vni_count)
		     : 0;
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
			 struct guard_clear *ret_clear, struct covey_error *error)
{
	struct lists lists = {0};
	int status = 0;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX && status == 0; i++)
		if (state->groups[i])
			status = add_membership(&lists, inventory, state->groups[i]);
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
		status = add(lists, mode_lists_first(inventory, group->name, records, count).mode,
			     true, group->vnis, group->vni_count);
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
