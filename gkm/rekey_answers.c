/* SPDX-License-Identifier: BSD-3-Clause */
#include "rekey_answers.h"

#include "clock.h"
#include "realm.h"

static const struct sa *newest(const struct group *group)
{
	const struct sa *newest = NULL;

	for (size_t i = 0; i < group->sa_count; i++)
		if (sa_is_live(group->sas[i]) && (!newest || group->sas[i]->spi > newest->spi))
			newest = group->sas[i];
	return newest;
}

/* The SA that was asked for; NULL when it has not begun. An SA that was being installed already is
 * as good. */
static const struct sa *asked_for(const struct late_question *question)
{
	const struct sa *sa = newest(question->realm->served.group);

	return sa && (!question->wanted || sa->spi > question->before_spi) ? sa : NULL;
}

const char *rekey_progress(const struct realm *realm, const struct sa *sa, bool wanted)
{
	const struct group *group = realm->served.group;

	if (sa && sa->state != SA_INSTALLING)
		return "done";
	if (sa)
		return wanted ? "begun" : "under way";
	if (group_live_members(group) == 0)
		return "waits for a member";
	return rekey_deadline(group) <= clock_ms() ? "begins" : "waits for room";
}

json_t *rekey_awaited_names(const struct realm *realm, const struct sa *sa)
{
	json_t *names = json_array();

	for (size_t i = 0; sa && sa->state == SA_INSTALLING && i < sa->seats; i++)
		if (realm->served.group->members[i].session && !sa_is_acked(sa, i))
			json_array_append_new(names, json_string(realm_member_name(realm, i)));
	return names;
}

static bool is_over(const struct late_question *question)
{
	const struct sa *sa = asked_for(question);

	return (sa && sa->state != SA_INSTALLING) ||
	       group_live_members(question->realm->served.group) == 0;
}

static json_t *answer(const struct late_question *question)
{
	const struct realm *realm = question->realm;
	const struct sa *sa = asked_for(question);

	return json_pack("{s:b, s:s, s:s, s:o, s:o, s:o}", "ok", 1, "group",
			 realm->served.config->name, "rekey",
			 rekey_progress(realm, sa, question->wanted), "spi",
			 sa ? json_integer(sa->spi) : json_null(), "awaited",
			 rekey_awaited_names(realm, sa), "away", realm_absent_names(realm));
}

struct late_question rekey_question(const struct realm *realm, bool wanted)
{
	const struct sa *sa = newest(realm->served.group);

	return (struct late_question){.is_over = is_over,
				      .answer = answer,
				      .realm = realm,
				      .before_spi = sa ? sa->spi : 0,
				      .wanted = wanted};
}
