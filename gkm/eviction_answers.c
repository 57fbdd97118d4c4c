/* SPDX-License-Identifier: BSD-3-Clause */
#include "eviction_answers.h"

#include <errno.h>
#include <string.h>

#include "evictions.h"
#include "manager.h"
#include "rekey_answers.h"

/* --- is it written? ------------------------------------------------------------------------ */

static bool is_being_written(const struct late_question *question)
{
	struct covey_error error;

	return evictions_progress(question->manager, question->change, &error) == -EINPROGRESS;
}

static bool has_failed(const struct late_question *question)
{
	struct covey_error error;
	int status = evictions_progress(question->manager, question->change, &error);

	return status < 0 && status != -EINPROGRESS;
}

/* Why not, or NULL when it is in force. */
static json_t *tell_unwritten(const struct late_question *question)
{
	struct covey_error error;
	int status = evictions_progress(question->manager, question->change, &error);

	if (status == 0)
		return NULL;
	if (status == -EINPROGRESS)
		covey_error_set(&error, status,
				"this is not written yet, and nothing has changed so far: the key "
				"manager's log will say what comes of it");
	evictions_forget(question->manager, question->change);
	return json_pack("{s:b, s:s}", "ok", 0, "error", error.text);
}

/* --- each group that it is about ----------------------------------------------------------- */

/* The host in one of its groups. */
struct place {
	const struct realm *realm;
	size_t seat;
};

/* Finds the next place after *index realms. False when there is none. */
static bool next_place(const struct late_question *question, size_t *index, struct place *ret_place)
{
	const struct manager *manager = question->manager;

	while (*index < manager->realm_count) {
		const struct realm *realm = &manager->realms[(*index)++];
		long seat = seat_of(manager, question->host, realm);

		if (seat < 0 || (question->realm && question->realm != realm))
			continue;
		*ret_place = (struct place){.realm = realm, .seat = (size_t)seat};
		return true;
	}
	return false;
}

static bool are_all(const struct late_question *question, bool (*is)(const struct place *place))
{
	struct place place;
	size_t index = 0;

	while (next_place(question, &index, &place))
		if (!is(&place))
			return false;
	return true;
}

static json_t *list(const struct late_question *question,
		    json_t *(*tell)(const struct place *place))
{
	json_t *array = json_array();
	struct place place;
	size_t index = 0;

	while (next_place(question, &index, &place))
		json_array_append_new(array, tell(&place));
	return array;
}

static const char *host_name(const struct late_question *question)
{
	return question->manager->inventory->hosts[question->host].name;
}

static const char *group_name(const struct late_question *question)
{
	return question->realm ? question->realm->served.config->name : NULL;
}

/* --- evict --------------------------------------------------------------------------------- */

/* Is it an SA on which members send, or will? */
static bool is_in_use(const struct sa *sa)
{
	return sa->state == SA_ACTIVE || sa->state == SA_INSTALLING;
}

/* The SA without the host: the one that others send on, or else the one that they will send on.
 * NULL when there is none. */
static const struct sa *without(const struct place *place)
{
	const struct group *group = place->realm->served.group;
	const struct sa *found = NULL;

	for (size_t i = 0; i < group->sa_count; i++) {
		const struct sa *sa = group->sas[i];

		if (is_in_use(sa) && !sa->usages[place->seat].was_sent &&
		    (!found || sa->state == SA_ACTIVE))
			found = sa;
	}
	return found;
}

/* Without a connection, and may still send on an SA: of this key manager, or of one before it. */
static bool is_away(const struct member *member)
{
	return !member->session && (member->sends_from_spi || member->restored);
}

/* Is an SA in use at all? Otherwise there is nothing to replace. */
static bool is_any_in_use(const struct place *place)
{
	const struct group *group = place->realm->served.group;

	for (size_t i = 0; i < group->seats; i++)
		if (i != place->seat && is_away(&group->members[i]))
			return true;
	return !group_needs_sa(group);
}

static bool is_shut_out(const struct place *place)
{
	const struct sa *sa = without(place);

	return (sa && sa->state == SA_ACTIVE) || !is_any_in_use(place) ||
	       group_live_members(place->realm->served.group) == 0;
}

/* The members that still send on an SA and have no connection: they have not heard of it. */
static json_t *away_names(const struct place *place)
{
	const struct group *group = place->realm->served.group;
	json_t *names = json_array();

	for (size_t i = 0; i < group->seats; i++)
		if (i != place->seat && is_away(&group->members[i]))
			json_array_append_new(names,
					      json_string(realm_member_name(place->realm, i)));
	return names;
}

static json_t *tell_eviction(const struct place *place)
{
	const struct sa *sa = without(place);
	const char *progress =
		sa || is_any_in_use(place) ? rekey_progress(place->realm, sa, true) : "not needed";

	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "group", place->realm->served.config->name,
			 "rekey", progress, "spi", sa ? json_integer(sa->spi) : json_null(),
			 "awaited", rekey_awaited_names(place->realm, sa), "away",
			 away_names(place));
}

static bool is_eviction_over(const struct late_question *question)
{
	return has_failed(question) ||
	       (!is_being_written(question) && are_all(question, is_shut_out));
}

static json_t *eviction_answer(const struct late_question *question)
{
	json_t *why_not = tell_unwritten(question);

	if (why_not)
		return why_not;
	return json_pack("{s:b, s:s, s:s?, s:o}", "ok", 1, "host", host_name(question), "group",
			 group_name(question), "groups", list(question, tell_eviction));
}

struct late_question eviction_question(struct manager *manager, size_t host,
				       const struct realm *realm, uint64_t change)
{
	return (struct late_question){.is_being_written = is_being_written,
				      .is_over = is_eviction_over,
				      .answer = eviction_answer,
				      .manager = manager,
				      .host = host,
				      .realm = realm,
				      .change = change};
}

/* --- readmit ------------------------------------------------------------------------------- */

static const char *state_of(const struct place *place)
{
	const struct group *group = place->realm->served.group;
	const struct sa *active = group_active_sa(group);

	if (!group->members[place->seat].session)
		return "waits for the host";
	return active && active->members[place->seat] == SA_MEMBER_ACTIVE ? "joined" : "joining";
}

static bool is_back(const struct place *place)
{
	return strcmp(state_of(place), "joined") == 0;
}

static json_t *tell_readmission(const struct place *place)
{
	return json_pack("{s:s, s:s}", "group", place->realm->served.config->name, "state",
			 state_of(place));
}

static bool is_readmission_over(const struct late_question *question)
{
	return has_failed(question) || (!is_being_written(question) && are_all(question, is_back));
}

static json_t *readmission_answer(const struct late_question *question)
{
	const struct sessions *sessions = &question->manager->sessions;
	json_t *why_not = tell_unwritten(question);

	if (why_not)
		return why_not;
	return json_pack("{s:b, s:s, s:s?, s:b, s:o}", "ok", 1, "host", host_name(question),
			 "group", group_name(question), "connected",
			 sessions->by_host[question->host] != NULL, "groups",
			 list(question, tell_readmission));
}

struct late_question readmission_question(struct manager *manager, size_t host,
					  const struct realm *realm, uint64_t change)
{
	return (struct late_question){.is_being_written = is_being_written,
				      .is_over = is_readmission_over,
				      .answer = readmission_answer,
				      .manager = manager,
				      .host = host,
				      .realm = realm,
				      .change = change};
}
