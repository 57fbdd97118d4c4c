/* SPDX-License-Identifier: BSD-3-Clause */

#include "first_clear.h"

#include <errno.h>
#include <inventory.h>
#include <stdlib.h>

#include "guard.h"
#include "link_name.h"

static int compare(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return (first > second) - (first < second);
}

/* The VNIs of the host's groups that are in one of these modes. No two groups have the same. */
static int collect(const struct inventory *inventory, const struct inventory_host *self,
		   bool (*wanted)(enum covey_mode mode), struct guard_vnis *ret_vnis)
{
	struct guard_vnis vnis = {0};
	size_t room = 1;

	for (size_t i = 0; i < inventory->group_count; i++)
		room += inventory->groups[i].vni_count;
	vnis.list = malloc(room * sizeof(*vnis.list));
	if (!vnis.list)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->group_count; i++) {
		const struct inventory_group *group = &inventory->groups[i];

		if (!wanted(group->mode) || !inventory_find_member(inventory, group, self))
			continue;
		for (size_t j = 0; j < group->vni_count; j++)
			vnis.list[vnis.count++] = group->vnis[j];
	}
	qsort(vnis.list, vnis.count, sizeof(*vnis.list), compare);
	*ret_vnis = vnis;
	return 0;
}

static bool is_any(enum covey_mode mode)
{
	return true;
}

static bool is_accepted(enum covey_mode mode)
{
	return covey_mode_accepts_clear(mode);
}

static bool is_steered(enum covey_mode mode)
{
	return covey_mode_accepts_clear(mode) && !covey_mode_sends_clear(mode);
}

int first_clear_of(const struct inventory *inventory, const struct inventory_host *self,
		   struct guard_clear *ret_clear, struct covey_error *error)
{
	struct guard_clear clear = {0};
	int status = collect(inventory, self, is_accepted, &clear.accepted);

	if (status == 0)
		status = collect(inventory, self, is_steered, &clear.steered);
	if (status) {
		guard_clear_free(&clear);
		return covey_error_set(error, status, "out of memory");
	}
	*ret_clear = clear;
	return 0;
}

int first_clear_keep_own(const struct inventory *inventory, const struct inventory_host *self,
			 struct guard_clear *clear, struct covey_error *error)
{
	struct guard_vnis own;

	if (collect(inventory, self, is_any, &own))
		return covey_error_set(error, -ENOMEM, "out of memory");
	guard_clear_keep(&clear->accepted, &own);
	guard_clear_keep(&clear->steered, &own);
	free(own.list);
	return 0;
}

int first_clear_find(const struct inventory *inventory, const struct inventory_host *self,
		     struct guard_clear *ret_clear, struct covey_error *error)
{
	char interface[IFNAMSIZ];
	struct guard_clear clear;
	bool stands;
	int status;

	if (self->fabric_port != FABRIC_PORT_KERNEL) {
		*ret_clear = (struct guard_clear){0};
		return 0;
	}
	status = link_name_find(self->host_interface, interface, error);
	if (status == 0)
		status = guard_standing_clear(interface, &clear, &stands, error);
	if (status)
		return status;
	if (!stands) {
		guard_clear_free(&clear);
		return first_clear_of(inventory, self, ret_clear, error);
	}
	status = first_clear_keep_own(inventory, self, &clear, error);
	if (status)
		guard_clear_free(&clear);
	else
		*ret_clear = clear;
	return status;
}
