/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <errno.h>
#include <stdio.h>

#include "plane.h"
#include "rules.h"
#include "wire.h"

/* --- what the state machine does to the world ---------------------------------------------- */

/* It cannot tell hosts apart by itself: arg is its dataplane, which can. */
static int send_message(void *arg, const Covey__Message *message)
{
	struct dataplane *plane = arg;
	Covey__Message changed = *message;
	Covey__RosterAck ack;

	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_HELLO:     /* event.c has the GKM accept it at once */
	case COVEY__MESSAGE__BODY_HEARTBEAT: /* says no more than that we live */
		return 0;
	case COVEY__MESSAGE__BODY_ROSTER_ACK:
		ack = *message->roster_ack;
		ack.generation += breaks(plane->world, BREAK_PROTOCOL);
		changed.roster_ack = &ack;
		break;
	default:
		break;
	}
	wire_up(plane->world, plane->host, &changed);
	return 0;
}

static void note(void *arg, enum log_level level, const char *kind, const char *text)
{
	const struct dataplane *plane = arg;

	if (plane->world->tells)
		printf("          m%u: %s\n", plane->host + 1, text);
}

/* Retries are as early as they can be. */
static uint32_t lowest(void *arg, uint32_t bound)
{
	return 0;
}

/* --- the session --------------------------------------------------------------------------- */

void host_connect(struct world *world, unsigned host)
{
	struct host *self = &world->hosts[host];
	struct covey_error error = {.text = ""};

	self->seen = true;
	self->wire.host_end = true;
	wire_clear(&self->wire.down);
	if (member_state_opened(self->state, &error) < 0)
		world_violate(world, "protocol: m%u: %s", host + 1, error.text);
}

void host_receive(struct world *world, unsigned host, const Covey__Message *message)
{
	struct covey_error error = {.text = ""};

	if (breaks(world, BREAK_LATE) && message->body_case == COVEY__MESSAGE__BODY_SA_ACTIVATE &&
	    host_group(world, host) && host_group(world, host)->state == MEMBERSHIP_JOINED &&
	    !held_sa_find(host_group(world, host), message->sa_activate->spi))
		world_violate(world, "protocol: m%u takes a late SaActivate for a fault", host + 1);
	if (message->body_case == COVEY__MESSAGE__BODY_REFUSED)
		rules_wiped(world, host);
	if (member_state_received(world->hosts[host].state, message, world->now, &error) < 0)
		world_violate(world, "protocol: m%u cannot follow the GKM: %s", host + 1,
			      error.text);
}

void host_closed(struct world *world, unsigned host)
{
	struct wire *wire = &world->hosts[host].wire;

	wire->host_end = false;
	wire_clear(&wire->down);
	member_state_closed(world->hosts[host].state);
}

/* --- time ---------------------------------------------------------------------------------- */

void host_tick(struct world *world, unsigned host)
{
	struct covey_error error = {.text = ""};

	if (member_state_tick(world->hosts[host].state, world->now, &error) < 0)
		world_violate(world, "protocol: m%u: %s", host + 1, error.text);
}

uint64_t host_deadline(const struct world *world, unsigned host)
{
	const struct membership *group = host_group(world, host);

	if (!group)
		return SA_NEVER;
	if (group->state == MEMBERSHIP_REFUSED && group->retry_at < held_sa_deadline(group))
		return group->retry_at;
	return held_sa_deadline(group);
}

/* --- life ---------------------------------------------------------------------------------- */

struct membership *host_group(const struct world *world, unsigned host)
{
	return member_state_find(world->hosts[host].state, GROUP_NAME);
}

void host_start(struct world *world, unsigned host)
{
	struct host *self = &world->hosts[host];
	struct effects effects = {
		.ops = &plane_ops,
		.dataplane = &self->plane,
		.send = send_message,
		.note = note,
		.random = lowest,
		.arg = &self->plane,
	};
	struct covey_addr vtep = {.bytes = {10, 0, 0, (uint8_t)(host + 1)}, .family = AF_INET};
	struct covey_error error = {.text = ""};

	self->plane = (struct dataplane){.world = world, .host = host};
	if (member_state_new(&effects, &vtep, &self->state) < 0 ||
	    member_state_join(self->state, GROUP_NAME, &error) < 0)
		world_violate(world, "protocol: m%u cannot start: %s", host + 1, error.text);
}

void host_stop(struct world *world, unsigned host)
{
	struct host *self = &world->hosts[host];

	self->wire.host_end = false;
	wire_clear(&self->wire.down);
	member_state_free(self->state);
	self->state = NULL;
}
