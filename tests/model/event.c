/* SPDX-License-Identifier: BSD-3-Clause */
#include "event.h"

#include <stdio.h>

#include "gkm.h"
#include "host.h"
#include "rules.h"
#include "wire.h"

#define MS UINT64_C(1000)

/* --- what is possible ---------------------------------------------------------------------- */

static uint64_t earliest(uint64_t a, uint64_t b, uint64_t now)
{
	return b > now && b < a ? b : a;
}

static uint64_t next_deadline(const struct world *world)
{
	uint64_t next = earliest(SA_NEVER, gkm_deadline(world), world->now);

	for (unsigned i = 0; i < MEMBERS; i++)
		next = earliest(next, host_deadline(world, i), world->now);
	return next;
}

/*
 * A message is taken, or its connection gone, before the end that waits for it gives it up for
 * silent.
 */
static bool is_patient(const struct queue *queue, uint64_t then)
{
	return !queue->first || then < queue->first->sent_at + COVEY_SILENCE_SECONDS * MS;
}

static bool may_pass_time(const struct world *world)
{
	uint64_t then = next_deadline(world);

	if (world->gkm.dirty)
		return false; /* it settles at once, only not at every event */
	for (unsigned i = 0; i < MEMBERS; i++)
		if (!is_patient(&world->hosts[i].wire.up, then) ||
		    !is_patient(&world->hosts[i].wire.down, then))
			return false;
	return then != SA_NEVER;
}

/* Seats are alike until they have been seen, so they may as well come in order. */
static bool may_connect(const struct world *world, unsigned host)
{
	if (world->hosts[host].wire.host_end)
		return false;
	return host == 0 || world->hosts[host].seen || world->hosts[host - 1].seen;
}

static bool may_leave(const struct world *world, unsigned host)
{
	const struct membership *group = host_group(world, host);

	return group && group->state == MEMBERSHIP_JOINED && world->hosts[host].wire.host_end;
}

static bool has_sa_room(const struct world *world)
{
	size_t live = group_live_sas(world->gkm.group);

	return live > 0 && live < COVEY_SAS_PER_GROUP_MAX &&
	       group_live_members(world->gkm.group) > 0 &&
	       world->gkm.group->wish.reason == REKEY_NONE;
}

static bool is_possible(const struct world *world, struct event event)
{
	const struct wire *wire = &world->hosts[event.host].wire;

	switch ((enum event_kind)event.kind) {
	case EVENT_CONNECT:
		return may_connect(world, event.host);
	case EVENT_UP:
		return wire->gkm_end && wire->up.first;
	case EVENT_DOWN:
		return wire->host_end && wire->down.first;
	case EVENT_SETTLE:
		return world->gkm.dirty;
	case EVENT_HOST_NOTICES:
		return wire->host_end && !wire->gkm_end;
	case EVENT_GKM_NOTICES:
		return wire->gkm_end && !wire->host_end;
	case EVENT_HOST_LOSES:
	case EVENT_GKM_LOSES:
		return world->left.cuts && wire->host_end && wire->gkm_end;
	case EVENT_HOST_RESTART:
		return world->left.host_restarts && world->hosts[event.host].seen;
	case EVENT_GKM_RESTART:
		return world->left.gkm_restarts;
	case EVENT_REKEY:
		return world->left.rekeys && has_sa_room(world);
	case EVENT_LEAVE:
		return world->left.leaves && may_leave(world, event.host);
	case EVENT_EVICT:
		return world->left.evictions && !world->gkm.evicted[event.host] &&
		       world->gkm.bound[event.host];
	case EVENT_READMIT:
		return world->gkm.evicted[event.host];
	case EVENT_TIME:
		return world->left.times && may_pass_time(world);
	case EVENT_KINDS:
		break;
	}
	return false;
}

static bool is_of_one_host(unsigned kind)
{
	return kind != EVENT_SETTLE && kind != EVENT_GKM_RESTART && kind != EVENT_REKEY &&
	       kind != EVENT_TIME;
}

size_t events_possible(const struct world *world, struct event events[EVENTS_MAX])
{
	size_t count = 0;

	for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
		for (unsigned i = 0; i < (is_of_one_host(kind) ? MEMBERS : 1); i++) {
			struct event event = {.kind = (uint8_t)kind, .host = (uint8_t)i};

			if (is_possible(world, event))
				events[count++] = event;
		}
	}
	return count;
}

/* --- what they do -------------------------------------------------------------------------- */

static void deliver_up(struct world *world, unsigned host)
{
	Covey__Message *message = wire_take(&world->hosts[host].wire.up);

	if (message)
		gkm_receive(world, host, message);
	message_free(message);
}

static void deliver_down(struct world *world, unsigned host)
{
	Covey__Message *message = wire_take(&world->hosts[host].wire.down);

	if (message)
		host_receive(world, host, message);
	message_free(message);
}

static void pass_time(struct world *world)
{
	world->now = next_deadline(world);
	if (gkm_deadline(world) <= world->now)
		gkm_settle(world);
	for (unsigned i = 0; i < MEMBERS; i++)
		host_tick(world, i);
}

static void restart_host(struct world *world, unsigned host)
{
	rules_wiped(world, host);
	host_stop(world, host);
	host_start(world, host);
}

static void leave(struct world *world, unsigned host)
{
	struct covey_error error = {.text = ""};
	struct member_state *state = world->hosts[host].state;

	rules_wiped(world, host);
	if (member_state_leave(state, GROUP_NAME, &error) < 0 ||
	    member_state_join(state, GROUP_NAME, &error) < 0)
		world_violate(world, "protocol: m%u cannot leave and join: %s", host + 1,
			      error.text);
}

static void happen_to_all(struct world *world, enum event_kind kind)
{
	switch (kind) {
	case EVENT_SETTLE:
		gkm_settle(world);
		break;
	case EVENT_GKM_RESTART:
		world->left.gkm_restarts--;
		gkm_stop(world);
		gkm_start(world);
		break;
	case EVENT_REKEY:
		world->left.rekeys--;
		rekey_want(world->gkm.group, REKEY_OPERATOR, world->now);
		gkm_wake(world);
		break;
	case EVENT_TIME:
		world->left.times--;
		pass_time(world);
		break;
	default:
		break;
	}
}

static void happen_to_one(struct world *world, enum event_kind kind, unsigned host)
{
	switch (kind) {
	case EVENT_CONNECT:
		host_connect(world, host);
		gkm_accept(world, host);
		break;
	case EVENT_UP:
		deliver_up(world, host);
		break;
	case EVENT_DOWN:
		deliver_down(world, host);
		break;
	case EVENT_HOST_LOSES:
		world->left.cuts--;
		host_closed(world, host);
		break;
	case EVENT_HOST_NOTICES:
		host_closed(world, host);
		break;
	case EVENT_GKM_LOSES:
		world->left.cuts--;
		gkm_closed(world, host);
		break;
	case EVENT_GKM_NOTICES:
		gkm_closed(world, host);
		break;
	case EVENT_HOST_RESTART:
		world->left.host_restarts--;
		restart_host(world, host);
		break;
	case EVENT_LEAVE:
		world->left.leaves--;
		leave(world, host);
		break;
	case EVENT_EVICT:
		world->left.evictions--;
		gkm_evict(world, host);
		break;
	case EVENT_READMIT:
		gkm_readmit(world, host);
		break;
	default:
		break;
	}
}

static void tell(struct world *world, struct event event)
{
	char text[512];

	event_describe(world, event, text, sizeof(text));
	printf("  %3u %5.0f s  %s\n", ++world->told, (double)(world->now - BEGINNING_MS) / 1000,
	       text);
}

void event_happen(struct world *world, struct event event)
{
	if (world->tells)
		tell(world, event);
	if (is_of_one_host(event.kind))
		happen_to_one(world, event.kind, event.host);
	else
		happen_to_all(world, event.kind);
	rules_check(world);
}
