/* SPDX-License-Identifier: BSD-3-Clause */

#include "gkm_choice.h"

#include <string.h>

bool gkm_choice_set(struct gkm_choice *choice, const struct covey_gkms *gkms)
{
	struct gkm_choice before = *choice;
	size_t at;

	memset(choice, 0, sizeof(*choice));
	choice->gkms = *gkms;
	for (size_t i = 0; i < before.gkms.count; i++) {
		at = covey_gkms_find(gkms, &before.gkms.list[i]);
		if (at < gkms->count)
			memcpy(choice->reasons[at], before.reasons[i], GKM_REASON_MAX);
	}
	at = before.gkms.count ? covey_gkms_find(gkms, &before.gkms.list[before.at]) : 0;
	if (at == gkms->count)
		return false;
	choice->at = at;
	return true;
}

const struct covey_addr *gkm_choice_address(const struct gkm_choice *choice)
{
	return &choice->gkms.list[choice->at];
}

bool gkm_choice_explain(struct gkm_choice *choice, const char *reason)
{
	char *known = choice->reasons[choice->at];
	bool *told = &choice->told[choice->at];

	if (*told && strcmp(known, reason) == 0)
		return false;
	snprintf(known, GKM_REASON_MAX, "%s", reason);
	*told = true;
	return true;
}

void gkm_choice_leads(struct gkm_choice *choice)
{
	choice->tried = 0;
	choice->reasons[choice->at][0] = '\0';
	memset(choice->told, 0, sizeof(choice->told));
}

static bool go_to(struct gkm_choice *choice, size_t at)
{
	choice->at = at;
	choice->tried++;
	return choice->tried % choice->gkms.count == 0;
}

bool gkm_choice_failed(struct gkm_choice *choice)
{
	return go_to(choice, (choice->at + 1) % choice->gkms.count);
}

bool gkm_choice_named(struct gkm_choice *choice, const struct covey_addr *leader)
{
	size_t named = covey_gkms_find(&choice->gkms, leader);

	if (named == choice->gkms.count || named == choice->at)
		return gkm_choice_failed(choice);
	return go_to(choice, named);
}
