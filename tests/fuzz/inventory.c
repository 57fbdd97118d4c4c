/* SPDX-License-Identifier: BSD-3-Clause */

/* The inventory's reader: an answer that is consistent, or a mistake that can be shown. One
 * execution is an inventory. */

#include "inventory.h"
#include "count.h"
#include "must.h"
#include "variants.h"
#include <covey/limits.h>
#include <errno.h>
#include <string.h>

#define VARIANTS 31

static FILE *sink;

/* --- what must hold ----------------------------------------------------------------------------
 */

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
	must(inventory->fabric && inventory->gkms.count && inventory->group_count);
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
	must(sink && setvbuf(sink, NULL, _IOFBF, 1 << 16) == 0);
	return 0;
}

/* A range of a thousand hosts or more takes as long as a thousand other inventories, and most of
 * them would soon have one. How many hosts there may be is for the unit tests. */
static bool has_long_range(const uint8_t *data, size_t size)
{
	unsigned digits = 0; /* of the range's end */
	bool inside = false, behind_colon = false;

	for (size_t i = 0; i < size; i++) {
		bool is_digit = data[i] >= '0' && data[i] <= '9';

		if (data[i] == '[' || data[i] == ']')
			inside = data[i] == '[';
		if (!is_digit)
			behind_colon = inside && data[i] == ':';
		digits = is_digit && behind_colon ? digits + 1 : 0;
		if (digits > 3)
			return true;
	}
	return false;
}

static unsigned try(const uint8_t *data, size_t size)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	int status;

	if (has_long_range(data, size))
		return 0;
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
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	count(variants_try(VARIANTS_OF_LINES, data, size, VARIANTS, try));
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	if (seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	return variants_become(VARIANTS_OF_LINES, data, size, max, VARIANTS, seed / 4);
}
