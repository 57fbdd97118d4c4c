/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Members that do what docs/protocol.md, section 8.9, asks of them, with messages that take their
 * time, and operators, restarts, cuts and rekeys at random. Whatever happens, a member that the key
 * manager can reach never sends in clear what another such member drops. And when all has calmed
 * down, all are in the group's mode.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

#define TICK_MS 50
#define SLOW_MS 150 /* the longest time that a message takes */
/* And in walks with slow channels: to each member as long as ever. */
#define SLOWEST_MS 2000
/* Then members are told so: what comes after twice that. */
#define SLOW_BETWEEN_MS 8000
#define WALKS           300
#define STEPS           120
#define IN_FLIGHT       16
#define LONGEST_MS      30000 /* in a walk, of a deadline */
/* So long after it is back or awake, a member is as the others: told, and through transition. */
#define SETTLED_MS(walk)                                                                           \
	(2 * ((walk)->slow ? SLOWEST_MS : SLOW_MS) +                                               \
	 ((walk)->slow ? SLOW_BETWEEN_MS : COVEY_MODE_BETWEEN_MS) + 4 * TICK_MS)

struct mail {
	uint64_t at_ms; /* 0: none */
	struct mode_order order;
};

struct actor {
	enum covey_mode mode; /* in force; 0: never told */
	uint64_t serial;      /* to be acknowledged when goal is in force; 0: nothing is */
	enum covey_mode goal;
	uint64_t step_ms; /* when the second step is */
	uint32_t between_ms, delay_ms;
	enum covey_mode then;
	uint64_t deadline_ms; /* if there is then */
	struct mail in[IN_FLIGHT];
	uint64_t ack_ms, ack_serial; /* on its way */
	bool asleep;                 /* stopped: it neither acts nor answers */
	uint64_t troubled_ms;        /* when it was asleep or away the last time */
};

struct walk {
	struct world *world;
	struct actor actors[WORLD_SEATS];
	size_t heard; /* of what the group has said */
	unsigned seed, number, at;
	bool slow;
	bool late;        /* what is kept is on disk later */
	uint64_t kept_ms; /* when, if something is being kept */
};

static unsigned any(struct walk *walk, unsigned below)
{
	walk->number = walk->number * 1103515245u + 12345u;
	return (walk->number >> 16) % below;
}

/* --- a member ------------------------------------------------------------------------------ */

static void go(struct actor *actor, enum covey_mode goal, uint64_t now_ms)
{
	actor->goal = goal;
	actor->mode = actor->mode ? covey_mode_step(actor->mode, goal) : goal;
	actor->step_ms = now_ms + actor->between_ms;
}

static void obey(struct actor *actor, const struct mode_order *order, uint64_t now_ms)
{
	actor->serial = order->serial;
	actor->then = order->then;
	actor->deadline_ms = now_ms + order->left_ms;
	actor->between_ms = order->between_ms ? order->between_ms : COVEY_MODE_BETWEEN_MS;
	go(actor, order->mode, now_ms);
}

static uint64_t delay(struct walk *walk, const struct actor *actor)
{
	return walk->slow ? actor->delay_ms : any(walk, SLOW_MS);
}

/* The first one that has come; NULL: none has. */
static struct mail *next_mail(struct actor *actor, uint64_t now_ms)
{
	struct mail *first = NULL;

	for (size_t i = 0; i < IN_FLIGHT; i++)
		if (actor->in[i].at_ms && actor->in[i].at_ms <= now_ms &&
		    (!first || actor->in[i].at_ms < first->at_ms))
			first = &actor->in[i];
	return first;
}

static void act(struct walk *walk, size_t seat)
{
	struct actor *actor = &walk->actors[seat];
	uint64_t now_ms = walk->world->now_ms;

	for (struct mail *mail; (mail = next_mail(actor, now_ms)); mail->at_ms = 0)
		obey(actor, &mail->order, now_ms);
	if (actor->mode != actor->goal && now_ms >= actor->step_ms)
		go(actor, actor->goal, now_ms);
	if (actor->then && now_ms >= actor->deadline_ms) {
		go(actor, actor->then, now_ms);
		actor->then = 0;
		actor->serial = 0;
	}
	if (actor->serial && actor->mode == actor->goal) {
		actor->ack_ms = now_ms + delay(walk, actor);
		actor->ack_serial = actor->serial;
		actor->serial = 0;
	}
}

/* Orders stay in their order. */
static void put(struct walk *walk, struct actor *actor, const struct mode_order *order)
{
	uint64_t at_ms = walk->world->now_ms + delay(walk, actor);
	size_t free = IN_FLIGHT;

	for (size_t i = 0; i < IN_FLIGHT; i++) {
		if (actor->in[i].at_ms == 0)
			free = i;
		else if (at_ms <= actor->in[i].at_ms)
			at_ms = actor->in[i].at_ms + 1;
	}
	if (free == IN_FLIGHT) {
		fail_msg("more than %d orders under way", IN_FLIGHT);
		return;
	}
	actor->in[free] = (struct mail){at_ms, *order};
}

/* --- both sides ---------------------------------------------------------------------------- */

static bool is_there(const struct walk *walk, size_t seat)
{
	return walk->world->group->members[seat].session != NULL;
}

static void deliver(struct walk *walk, size_t seat)
{
	struct actor *actor = &walk->actors[seat];

	if (!is_there(walk, seat) || !actor->ack_ms || walk->world->now_ms < actor->ack_ms)
		return;
	/* It may be of a registration before. */
	(void)mode_acked(walk->world->group, seat, actor->ack_serial, walk->world->now_ms);
	actor->ack_ms = 0;
}

static void hear(struct walk *walk)
{
	struct world *world = walk->world;

	for (; walk->heard < world->said_count; walk->heard++)
		if (world->said[walk->heard].what == SAID_MODE)
			put(walk, &walk->actors[world->said[walk->heard].seat],
			    &world->said[walk->heard].order);
	world->said_count = walk->heard = 0;
}

static bool is_sound(const struct walk *walk, size_t seat)
{
	const struct actor *actor = &walk->actors[seat];

	return actor->mode && is_there(walk, seat) && !actor->asleep &&
	       walk->world->now_ms >= actor->troubled_ms + SETTLED_MS(walk);
}

static void check(const struct walk *walk)
{
	for (size_t i = 0; i < WORLD_SEATS; i++)
		for (size_t j = 0; j < WORLD_SEATS; j++)
			if (is_sound(walk, i) && is_sound(walk, j) &&
			    covey_mode_sends_clear(walk->actors[i].mode) &&
			    !covey_mode_accepts_clear(walk->actors[j].mode))
				fail_msg(
					"walk %u, step %u: member %zu sends in clear, %zu enforces",
					walk->seed, walk->at, i, j);
}

/* Mostly soon, sometimes after longer than members wait for anything. */
static void keep(struct walk *walk)
{
	struct world *world = walk->world;

	if (!world->late.serial) {
		walk->kept_ms = 0;
		return;
	}
	if (!walk->kept_ms)
		walk->kept_ms = world->now_ms + any(walk, any(walk, 4) ? 200 : 15000);
	if (world->now_ms < walk->kept_ms)
		return;
	walk->kept_ms = 0;
	world_keep(world);
}

static void pass(struct walk *walk, uint64_t ms)
{
	for (uint64_t passed = 0; passed < ms; passed += TICK_MS) {
		walk->world->now_ms += TICK_MS;
		keep(walk);
		for (size_t i = 0; i < WORLD_SEATS; i++) {
			if (!is_there(walk, i) || walk->actors[i].asleep)
				walk->actors[i].troubled_ms = walk->world->now_ms;
			if (!walk->actors[i].asleep) {
				act(walk, i);
				deliver(walk, i);
			}
		}
		world_calm(walk->world);
		hear(walk);
		check(walk);
	}
}

/* --- what happens -------------------------------------------------------------------------- */

static void come(struct walk *walk, size_t seat)
{
	struct actor *actor = &walk->actors[seat];

	if (is_there(walk, seat))
		return;
	for (size_t i = 0; i < IN_FLIGHT; i++)
		actor->in[i].at_ms = 0;
	actor->ack_ms = 0;
	world_join(walk->world, seat);
	mode_understood(walk->world->group, seat);
	world_calm(walk->world);
	hear(walk);
}

static void begin_world(struct walk *walk, const struct mode_record *stored, uint64_t now_ms)
{
	walk->world = world_new();
	walk->world->kept = *stored;
	walk->world->keeps_late = walk->late;
	walk->kept_ms = 0;
	walk->heard = 0;
	walk->world->now_ms = now_ms;
	mode_start(walk->world->group, stored, COVEY_MODE_TRANSITION, now_ms);
}

/* All come back, some of them later. */
static void restart(struct walk *walk)
{
	struct world *old = walk->world;
	/* What was being kept may be on disk, and nobody knows. */
	struct mode_record kept = old->late.serial && any(walk, 2) ? old->late : old->kept;

	begin_world(walk, &kept, old->now_ms);
	walk->world->next_spi = old->next_spi;
	walk->world->next_sender_id = old->next_sender_id;
	for (size_t i = 0; i < WORLD_SEATS; i++)
		assert_int_equal(
			group_restore(walk->world->group, i, old->group->members[i].sender_id), 0);
	world_free(old);
	for (size_t i = 0; i < WORLD_SEATS; i++) {
		pass(walk, any(walk, 12) * TICK_MS);
		if (!walk->actors[i].asleep)
			come(walk, i);
	}
}

static void ask(struct walk *walk)
{
	struct mode_request request = {
		.mode = (enum covey_mode)(COVEY_MODE_OBSERVE + any(walk, 3))};
	unsigned kind = any(walk, 4);

	if (kind == 0)
		request.for_s = 1 + any(walk, LONGEST_MS / 1000);
	else if (kind == 1)
		request.confirm_s = 1 + any(walk, LONGEST_MS / 1000);
	request.despite_clear = any(walk, 4) == 0;
	(void)mode_change(walk->world->group, &request, walk->world->now_ms);
}

static void happen(struct walk *walk)
{
	size_t seat = any(walk, WORLD_SEATS);

	switch (any(walk, 12)) {
	case 0:
		if (is_there(walk, seat))
			group_lost(walk->world->group, seat);
		break;
	case 1:
		walk->actors[seat].asleep = true;
		break;
	case 2:
		restart(walk);
		break;
	case 3:
		walk->world->keep_fails = any(walk, 3) ? 0 : -ENOSPC;
		break;
	case 4:
		(void)mode_confirm(walk->world->group, walk->world->now_ms);
		break;
	case 5:
		if (group_live_sas(walk->world->group) < COVEY_SAS_PER_GROUP_MAX)
			world_rekey(walk->world);
		break;
	case 6:
	case 7:
		for (size_t i = 0; i < WORLD_SEATS; i++) {
			walk->actors[i].asleep = false;
			come(walk, i);
		}
		break;
	default:
		ask(walk);
	}
}

static void walk_once(unsigned seed)
{
	const struct mode_record none = {0};
	struct walk walk = {
		.seed = seed, .number = seed, .slow = seed % 4 == 0, .late = seed % 3 != 0};

	begin_world(&walk, &none, 1000);
	for (size_t i = 0; i < WORLD_SEATS; i++) {
		walk.actors[i].delay_ms = any(&walk, SLOWEST_MS);
		walk.actors[i].between_ms = COVEY_MODE_BETWEEN_MS;
		come(&walk, i);
	}
	for (walk.at = 0; walk.at < STEPS; walk.at++) {
		happen(&walk);
		pass(&walk, any(&walk, 40) * TICK_MS);
	}
	walk.world->keep_fails = 0;
	for (size_t i = 0; i < WORLD_SEATS; i++) {
		walk.actors[i].asleep = false;
		come(&walk, i);
	}
	pass(&walk, LONGEST_MS + (walk.late ? 9 : 3) * MODE_ACK_MS);
	assert_false(walk.world->group->mode.under_way);
	assert_int_equal(walk.world->group->mode.now.then, 0);
	for (size_t i = 0; i < WORLD_SEATS; i++)
		assert_int_equal(walk.actors[i].mode, walk.world->group->mode.now.mode);
	world_free(walk.world);
}

static void nobody_sends_what_another_drops(void **state)
{
	for (unsigned seed = 1; seed <= WALKS; seed++)
		walk_once(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_sends_what_another_drops),
	};

	return cmocka_run_group_tests_name("gkm-mode-walk", tests, NULL, NULL);
}
