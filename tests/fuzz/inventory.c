/* SPDX-License-Identifier: BSD-3-Clause */

/* The inventory's reader: an answer that is consistent, or a mistake that can be shown. */

#include "inventory.h"
#include "count.h"
#include "must.h"
#include <covey/limits.h>
#include <errno.h>

static FILE *sink;

static void check_group(const struct inventory *inventory, const struct inventory_group *group)
{
	must(group->vni_count && group->member_count);
	must(group->rekey.hard_lifetime_s > group->rekey.interval_s);
	for (size_t i = 0; i < group->member_count; i++)
		must(group->members[i].host < inventory->host_count);
	for (size_t i = 0; i < group->vni_count; i++)
		must(group->vnis[i] <= COVEY_VNI_MAX);
}

static void check(const struct inventory *inventory)
{
	must(inventory->fabric && inventory->gkm_address.family && inventory->group_count);
	must(inventory->host_count <= COVEY_HOSTS_MAX);
	for (size_t i = 0; i < inventory->host_count; i++) {
		must(inventory->hosts[i].name);
		must(inventory->hosts[i].vtep.family);
		must(inventory->hosts[i].vtep.family == inventory->hosts[0].vtep.family);
	}
	for (size_t i = 0; i < inventory->group_count; i++)
		check_group(inventory, &inventory->groups[i]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	sink = fopen("/dev/null", "w");
	must(sink);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	int status;

	diagnostics_init(&diagnostics);
	status = inventory_parse("fuzz.yaml", (const char *)data, size, &diagnostics, &inventory);
	diagnostics_print(&diagnostics, sink);
	if (status == 0) {
		must(inventory && !diagnostics.count);
		check(inventory);
	} else {
		must(!inventory && diagnostics.count && status == -EINVAL);
	}
	inventory_free(inventory);
	diagnostics_free(&diagnostics);
	count(1);
	return 0;
}
