/* SPDX-License-Identifier: BSD-3-Clause */
/* Which VNIs belong to which group, and in which mode each group is. */
#include "dataplane_state.h"
#include "tally.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add_vnis(struct vni_table *table, const struct group_record *record, uint32_t group,
		    struct covey_error *error)
{
	for (size_t i = 0; i < record->vni_count; i++)
		if (vni_table_add(table, record->vnis[i], group) != 0)
			return covey_error_set(error, -EEXIST,
					       "VNI %u of group index %u belongs to group index %d",
					       record->vnis[i], group,
					       vni_table_find(table, record->vnis[i]));
	return 0;
}

static int build_vnis(const struct dataplane *dataplane, struct vni_table **ret_vnis,
		      struct covey_error *error)
{
	struct vni_table *vnis;
	size_t count = 0;

	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		count += dataplane->groups[i].vni_count;
	vnis = vni_table_new(count);
	if (!vnis)
		return covey_error_set(error, -ENOMEM, "out of memory for %zu VNIs", count);
	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		int status = add_vnis(vnis, &dataplane->groups[i], i, error);

		if (status != 0) {
			vni_table_free(vnis);
			return status;
		}
	}
	*ret_vnis = vnis;
	return 0;
}

static int check_group(uint32_t group, const uint32_t *vnis, size_t vni_count,
		       struct covey_error *error)
{
	if (group >= COVEY_GROUPS_PER_HOST_MAX)
		return covey_error_set(error, -EINVAL, "group index %u is not below %u", group,
				       COVEY_GROUPS_PER_HOST_MAX);
	if (vni_count > COVEY_VNIS_PER_GROUP_MAX)
		return covey_error_set(error, -EINVAL, "%zu VNIs in one group, at most %u fit",
				       vni_count, COVEY_VNIS_PER_GROUP_MAX);
	for (size_t i = 0; i < vni_count; i++)
		if (vnis[i] > COVEY_VNI_MAX)
			return covey_error_set(error, -EINVAL, "VNI %u has more than 24 bits",
					       vnis[i]);
	return 0;
}

static bool has(const struct group_record *record, uint32_t vni)
{
	for (size_t i = 0; i < record->vni_count; i++)
		if (record->vnis[i] == vni)
			return true;
	return false;
}

/* The guard may not let new VNIs leave in clear yet: whoever puts the modes has it do so first. */
static enum covey_mode mode_with(const struct group_record *before,
				 const struct group_record *after)
{
	if (before->vni_count == 0)
		return COVEY_MODE_ENFORCE;
	for (size_t i = 0; i < after->vni_count && covey_mode_sends_clear(before->mode); i++)
		if (!has(before, after->vnis[i]))
			return COVEY_MODE_TRANSITION;
	return before->mode;
}

int dataplane_group_set(struct dataplane *dataplane, uint32_t group, const uint32_t *vnis,
			size_t vni_count, struct covey_error *error)
{
	struct group_record before, after = {.vni_count = vni_count};
	struct vni_table *old = dataplane->vnis;
	int status = check_group(group, vnis, vni_count, error);

	if (status != 0)
		return status;
	after.vnis = calloc(vni_count + 1, sizeof(*vnis));
	if (!after.vnis)
		return covey_error_set(error, -ENOMEM, "out of memory for %zu VNIs", vni_count);
	if (vni_count > 0)
		memcpy(after.vnis, vnis, vni_count * sizeof(*vnis));
	before = dataplane->groups[group];
	after.mode = mode_with(&before, &after);
	dataplane->groups[group] = after;
	status = build_vnis(dataplane, &dataplane->vnis, error);
	if (status != 0) {
		dataplane->groups[group] = before;
		free(after.vnis);
		return status;
	}
	dataplane_publish(dataplane);
	if (vni_count == 0)
		tally_clear(&dataplane->tallies[group]);
	vni_table_free(old);
	free(before.vnis);
	return 0;
}

int dataplane_group_mode(struct dataplane *dataplane, uint32_t group, enum covey_mode mode)
{
	if (group >= COVEY_GROUPS_PER_HOST_MAX || mode < COVEY_MODE_OBSERVE ||
	    mode > COVEY_MODE_ENFORCE)
		return -EINVAL;
	if (dataplane->groups[group].vni_count == 0)
		return -ENOENT;
	if (dataplane->groups[group].mode == mode)
		return 0;
	dataplane->groups[group].mode = mode;
	dataplane_publish(dataplane);
	return 0;
}

int dataplane_set_strict(struct dataplane *dataplane, const uint32_t *vnis, size_t count)
{
	struct vni_table *old = dataplane->strict, *strict;

	if (count == 0 && dataplane->strict_count == 0)
		return 0;
	strict = vni_table_new(count);
	if (!strict)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		vni_table_add(strict, vnis[i], 0);
	dataplane->strict = strict;
	dataplane->strict_count = count;
	dataplane_publish(dataplane);
	vni_table_free(old);
	return 0;
}
