/* SPDX-License-Identifier: BSD-3-Clause */
#include "absence.h"

#include "log.h"
#include "manager.h"

const char *absence_name(const struct realm *realm, size_t seat)
{
	return realm->manager->inventory->hosts[realm->group->members[seat].host].name;
}

json_t *absence_names(const struct realm *realm)
{
	json_t *names = json_array();

	for (size_t i = 0; i < realm->state->seats; i++)
		if (rekey_leaves_behind(realm->state, i))
			json_array_append_new(names, json_string(absence_name(realm, i)));
	return names;
}

/* One line, however many they are. */
void absence_log(const struct realm *realm)
{
	size_t first = 0, count = 0;

	for (size_t i = 0; i < realm->state->seats; i++)
		if (rekey_leaves_behind(realm->state, i) && count++ == 0)
			first = i;
	if (count == 0)
		return;
	log_warning("%s: %s%s has no connection to the key manager: the others still receive what "
		    "it sends, but it receives nothing of what they send with the next SA until it "
		    "is back (all names: covey show)",
		    realm->group->name, absence_name(realm, first),
		    count > 1 ? " (and others)" : "");
}
