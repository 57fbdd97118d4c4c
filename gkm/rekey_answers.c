/* SPDX-License-Identifier: BSD-3-Clause */
#include "rekey_answers.h"

#include <stdlib.h>

#include "clock.h"
#include "local_json.h"
#include "manager.h"

#define LOOK_MS     20u  /* between two checks */
#define PATIENCE_MS 400u /* by then, all members of a healthy fabric have switched */

struct rekey_answer {
	struct local_client *client; /* NULL: free */
	struct realm *realm;
	struct event *timer;
	uint64_t until_ms;
	uint32_t before_spi; /* SPI of the newest SA at the time of the request */
	bool wanted;
};

struct rekey_answers {
	struct rekey_answer list[LOCAL_CLIENTS_MAX];
};

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
static const struct sa *asked_for(const struct rekey_answer *answer)
{
	const struct sa *sa = newest(answer->realm->served.group);

	return sa && (!answer->wanted || sa->spi > answer->before_spi) ? sa : NULL;
}

static const char *how_it_goes(const struct rekey_answer *answer, const struct sa *sa)
{
	const struct group *group = answer->realm->served.group;

	if (sa && sa->state != SA_INSTALLING)
		return "done";
	if (sa)
		return answer->wanted ? "begun" : "under way";
	if (group_live_members(group) == 0)
		return "waits for a member";
	return rekey_deadline(group) <= clock_ms() ? "begins" : "waits for room";
}

/* The connected members that have not acknowledged the SA. */
static json_t *awaited(const struct realm *realm, const struct sa *sa)
{
	json_t *names = json_array();

	for (size_t i = 0; sa && sa->state == SA_INSTALLING && i < sa->seats; i++)
		if (realm->served.group->members[i].session && !sa_is_acked(sa, i))
			json_array_append_new(names, json_string(realm_member_name(realm, i)));
	return names;
}

static void say(struct rekey_answer *answer, const struct sa *sa)
{
	const struct realm *realm = answer->realm;

	local_answer_json(answer->client,
			  json_pack("{s:b, s:s, s:s, s:o, s:o, s:o}", "ok", 1, "group",
				    realm->served.config->name, "rekey", how_it_goes(answer, sa),
				    "spi", sa ? json_integer(sa->spi) : json_null(), "awaited",
				    awaited(realm, sa), "away", realm_absent_names(realm)));
	answer->client = NULL;
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = {.tv_usec = LOOK_MS * 1000};
	struct rekey_answer *answer = arg;
	const struct sa *sa = asked_for(answer);

	if ((sa && sa->state != SA_INSTALLING) || clock_ms() >= answer->until_ms ||
	    group_live_members(answer->realm->served.group) == 0)
		say(answer, sa);
	else
		event_add(answer->timer, &soon);
}

void rekey_answers_add(struct rekey_answers *answers, struct local_client *client,
		       struct realm *realm, bool wanted)
{
	const struct sa *sa = newest(realm->served.group);

	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		struct rekey_answer *answer = &answers->list[i];

		if (answer->client)
			continue;
		answer->client = client;
		answer->realm = realm;
		answer->until_ms = clock_ms() + PATIENCE_MS;
		answer->before_spi = sa ? sa->spi : 0;
		answer->wanted = wanted;
		look(-1, 0, answer);
		return;
	}
	local_answer_error(client, "too many clients at once, try again");
}

struct rekey_answers *rekey_answers_new(struct event_base *base)
{
	struct rekey_answers *answers = calloc(1, sizeof(*answers));
	bool good = answers != NULL;

	for (size_t i = 0; good && i < LOCAL_CLIENTS_MAX; i++) {
		answers->list[i].timer = evtimer_new(base, look, &answers->list[i]);
		good = answers->list[i].timer != NULL;
	}
	if (good)
		return answers;
	rekey_answers_free(answers);
	return NULL;
}

void rekey_answers_free(struct rekey_answers *answers)
{
	if (!answers)
		return;
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++)
		if (answers->list[i].timer)
			event_free(answers->list[i].timer);
	free(answers);
}
