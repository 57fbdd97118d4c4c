/* SPDX-License-Identifier: BSD-3-Clause */

#include "state.h"

#include <errno.h>
#include <message_text.h>
#include <stdlib.h>
#include <string.h>

#include "hearing.h"
#include "heartbeat.h"
#include "receive.h"
#include "refusal.h"

/* Never 0, which means "not known". */
static uint64_t draw_instance(const struct effects *effects)
{
	uint64_t high = effects->random(effects->arg, UINT32_MAX);
	uint64_t low = effects->random(effects->arg, UINT32_MAX);

	return high << 32 | (low + 1);
}

int member_state_new(const struct effects *effects, const struct covey_addr *vtep,
		     struct member_state **ret_state)
{
	struct member_state *state = calloc(1, sizeof(*state));

	if (!state)
		return -ENOMEM;
	state->effects = *effects;
	state->vtep = *vtep;
	state->own_instance = draw_instance(effects);
	*ret_state = state;
	return 0;
}

void member_state_free(struct member_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		membership_free(state->groups[i]);
	free(state);
}

struct membership *member_state_find(const struct member_state *state, const char *name)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		if (state->groups[i] && strcmp(state->groups[i]->name, name) == 0)
			return state->groups[i];
	}
	return NULL;
}

static void begin_mode(const struct member_state *state, struct membership *group)
{
	const struct effects *effects = &state->effects;
	struct member_mode_first first = {
		.mode = COVEY_MODE_ENFORCE,
		.then_at = MEMBER_MODE_NEVER,
	};

	if (effects->first_mode)
		effects->first_mode(effects->arg, group->name, &first);
	member_mode_begin(&group->mode, &first);
}

static int add(struct member_state *state, const char *name, struct membership **ret_group,
	       struct covey_error *error)
{
	struct membership *group;
	uint32_t index = 0;

	if (strlen(name) > COVEY_NAME_MAX)
		return covey_error_set(error, -ENAMETOOLONG,
				       "a group's name has at most %d characters", COVEY_NAME_MAX);
	if (!message_is_group_name(name))
		return covey_error_set(error, -EINVAL,
				       "a group's name is made of a-z A-Z 0-9 . _ -, and begins "
				       "with a letter or digit");
	while (index < COVEY_GROUPS_PER_HOST_MAX && state->groups[index])
		index++;
	if (index == COVEY_GROUPS_PER_HOST_MAX)
		return covey_error_set(error, -ENOSPC,
				       "this host is in %d groups already, leave one first",
				       COVEY_GROUPS_PER_HOST_MAX);
	group = membership_new(name, index);
	if (!group)
		return covey_error_set(error, -ENOMEM, "out of memory");
	begin_mode(state, group);
	state->groups[index] = group;
	*ret_group = group;
	return 0;
}

int member_state_join(struct member_state *state, const char *name, struct covey_error *error)
{
	struct membership *group = member_state_find(state, name);
	int status;

	if (group && group->state == MEMBERSHIP_LEAVING) {
		group->rejoin = true;
		return 0;
	}
	if (group && group->state != MEMBERSHIP_REFUSED)
		return 0;
	if (!group) {
		status = add(state, name, &group, error);
		if (status)
			return status;
	}
	if (state->session != SESSION_OPEN) {
		group->state = MEMBERSHIP_JOINING;
		return 0;
	}
	return membership_send_join(group, state->instance, &state->effects, error);
}

static size_t count_leaving(const struct member_state *state)
{
	size_t count = 0;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		count += state->groups[i] && state->groups[i]->state == MEMBERSHIP_LEAVING &&
			 !state->groups[i]->rejoin;
	return count;
}

/* Where it waits; later_count: nowhere. */
static size_t find_later(const struct member_state *state, const char *name)
{
	size_t i = 0;

	while (i < state->later_count && strcmp(state->later[i], name) != 0)
		i++;
	return i;
}

/* They keep their order. */
static void forget_later(struct member_state *state, size_t at)
{
	state->later_count--;
	memmove(state->later[at], state->later[at + 1],
		(state->later_count - at) * sizeof(state->later[0]));
}

int member_state_join_later(struct member_state *state, const char *name, struct covey_error *error)
{
	int status = member_state_join(state, name, error);

	if (status != -ENOSPC)
		return status;
	if (find_later(state, name) < state->later_count)
		return 0;
	if (state->later_count >= count_leaving(state))
		return status;
	strcpy(state->later[state->later_count++], name);
	return 0;
}

int member_state_join_waiting(struct member_state *state, struct covey_error *error)
{
	char name[COVEY_NAME_MAX + 1];

	if (state->later_count == 0)
		return 0;
	strcpy(name, state->later[0]);
	forget_later(state, 0);
	return member_state_join(state, name, error);
}

static void drop(struct member_state *state, struct membership *group)
{
	state->groups[group->index] = NULL;
	membership_free(group);
}

/* Nothing is known of a group that the GKM was not asked for, or to which we have no right by its
 * word. Any other refusal says only that it cannot let us in now: it may still have us from a
 * session before. */
static bool is_known_to_gkm(const struct membership *group)
{
	return group->asked &&
	       !(group->state == MEMBERSHIP_REFUSED && refusal_is_revocation(group->refusal));
}

int member_state_leave(struct member_state *state, const char *name, struct covey_error *error)
{
	struct membership *group = member_state_find(state, name);
	size_t later = find_later(state, name);

	if (later < state->later_count) {
		forget_later(state, later);
		return 0;
	}
	if (!group || (group->state == MEMBERSHIP_LEAVING && !group->rejoin))
		return covey_error_set(error, -ENOENT,
				       "this host is not in group %.63s (see: covey show)", name);
	if (group->state == MEMBERSHIP_LEAVING) {
		group->rejoin = false;
		return 0;
	}
	membership_wipe(group, &state->effects);
	effects_note(&state->effects, LOG_LEVEL_NOTICE, "group %s: left", group->name);
	if (!is_known_to_gkm(group)) {
		drop(state, group);
		return 0;
	}
	group->state = MEMBERSHIP_LEAVING;
	/* If it cannot be sent, that ends the session, and the next one begins with it. */
	if (state->session == SESSION_OPEN)
		membership_send_leave(group, &state->effects, error);
	return 0;
}

void member_state_hello(const struct member_state *state, Covey__Hello *ret_hello)
{
	covey__hello__init(ret_hello);
	ret_hello->version = COVEY_PROTOCOL_VERSION;
	message_addr_set(&ret_hello->vtep, &state->vtep);
	ret_hello->software = "covey-host/" COVEY_VERSION;
	ret_hello->probes = state->effects.probe_order != NULL;
	ret_hello->instance = state->own_instance;
	ret_hello->previous = state->previous;
	ret_hello->highest_spi = state->highest_spi;
	ret_hello->modes = true;
}

static void greeted(struct member_state *state)
{
	state->session = SESSION_HELLO;
	state->elsewhere = false;
	state->refusal = COVEY__REFUSAL_CODE__REFUSAL_NONE;
}

int member_state_opened(struct member_state *state, struct covey_error *error)
{
	Covey__Hello hello;
	Covey__Message message = COVEY__MESSAGE__INIT;

	member_state_hello(state, &hello);
	message.body_case = COVEY__MESSAGE__BODY_HELLO;
	message.hello = &hello;
	greeted(state);
	if (state->effects.send(state->effects.arg, &message) != 0)
		return covey_error_set(error, -EPROTO, "cannot queue Hello");
	return 0;
}

void member_state_followed(struct member_state *state)
{
	member_state_closed(state);
	greeted(state);
}

int member_state_received(struct member_state *state, const Covey__Message *message, uint64_t now,
			  struct covey_error *error)
{
	return receive_message(state, message, now, error);
}

void member_state_closed(struct member_state *state)
{
	state->session = SESSION_NONE;
	hearing_unknown(state);
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		struct membership *group = state->groups[i];

		if (!group)
			continue;
		if (group->state == MEMBERSHIP_JOINED)
			group->state = MEMBERSHIP_JOINING;
		senders_reset(&group->senders);
	}
}

/* A retry needs a session; without one the next session asks for every group anyway. */
static bool retries(const struct member_state *state, const struct membership *group)
{
	return group->state == MEMBERSHIP_REFUSED && state->session == SESSION_OPEN;
}

static int tick_group(const struct member_state *state, struct membership *group, uint64_t now,
		      struct covey_error *error)
{
	bool open = state->session == SESSION_OPEN;

	held_sa_expire(group, now, &state->effects);
	if (retries(state, group) && now >= group->retry_at) {
		int status = membership_send_join(group, state->instance, &state->effects, error);

		if (status)
			return status;
	}
	return member_mode_run(group, open && group->state == MEMBERSHIP_JOINED, now,
			       &state->effects, error);
}

int member_state_tick(struct member_state *state, uint64_t now, struct covey_error *error)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		struct membership *group = state->groups[i];

		int status = group ? tick_group(state, group, now, error) : 0;

		if (status)
			return status;
	}
	if (state->session == SESSION_OPEN && now >= state->heartbeat_at) {
		state->heartbeat_at = now + state->heartbeat;
		return heartbeat_send(state, error);
	}
	return 0;
}

bool member_state_mode_ends(const struct member_state *state)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		if (state->groups[i] && state->groups[i]->mode.then_at != MEMBER_MODE_NEVER)
			return true;
	return false;
}

uint64_t member_state_deadline(const struct member_state *state)
{
	uint64_t deadline = state->session == SESSION_OPEN ? state->heartbeat_at : SA_NEVER;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct membership *group = state->groups[i];
		uint64_t first;

		if (!group)
			continue;
		first = held_sa_deadline(group);
		if (member_mode_deadline(&group->mode) < first)
			first = member_mode_deadline(&group->mode);
		if (first < deadline)
			deadline = first;
		if (retries(state, group) && group->retry_at < deadline)
			deadline = group->retry_at;
	}
	return deadline;
}
