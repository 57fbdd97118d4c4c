/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm.h"

#include <string.h>

#include "floor_reports.h"
#include "gkm_output.h"
#include "rules.h"
#include "wire.h"

#define MS UINT64_C(1000)

static const char *const identities[MEMBERS] = {"m1", "m2", "m3"};

/* --- keys ---------------------------------------------------------------------------------- */

/* A key that is all of one number, by which the rules know it. */
static uint8_t next_tek(struct world *world)
{
	if (breaks(world, BREAK_AMNESIA) && world->gkm.instance > 1)
		return 1;
	return (uint8_t)(world->record.tek_count + 1);
}

static void begin_sa(struct world *world, enum rekey_reason reason)
{
	const struct sa_timing timing = {
		.begin_ms = world->now,
		.activation_delay_ms = breaks(world, BREAK_HURRY) ? 0 : ACTIVATION_DELAY_S * MS,
		.drain_delay_ms = DRAIN_DELAY_S * MS,
		.hard_lifetime_ms = world_lifetime_s(world) * MS,
		.rekey_after_ms = world->setup->has_interval ? INTERVAL_S * MS : 0,
		.evicts = reason == REKEY_EVICTION,
	};
	uint32_t spi = world->gkm.next_spi++;
	uint8_t tek[COVEY_TEK_BYTES_MAX];
	int status;

	memset(tek, next_tek(world), sizeof(tek));
	rules_sa_begins(world, spi, tek[0], reason);
	status = group_begin_sa(world->gkm.group, spi, tek, sizeof(tek), &timing);
	if (status == 0 && breaks(world, BREAK_IMPATIENT))
		world->gkm.group->sas[world->gkm.group->sa_count - 1]->patience_ms = 0;
	if (status < 0)
		world_violate(world, "protocol: SA %u cannot begin: %s", spi, strerror(-status));
}

static void ensure_sa(struct world *world)
{
	if (group_needs_sa(world->gkm.group))
		begin_sa(world, REKEY_MISSING);
}

void gkm_settle(struct world *world)
{
	struct group *group = world->gkm.group;

	enum rekey_reason reason;

	world->gkm.dirty = false;
	group_settle(group, world->now);
	reason = rekey_due(group, world->now);
	if (reason != REKEY_NONE) {
		begin_sa(world, reason);
		group_settle(group, world->now);
	}
	for (unsigned i = 0; breaks(world, BREAK_TRUST) && i < MEMBERS; i++)
		group->members[i].sends_from_spi = group->members[i].sends_to_spi;
}

uint64_t gkm_deadline(const struct world *world)
{
	uint64_t rekey_ms = rekey_deadline(world->gkm.group);
	uint64_t group_ms = group_deadline(world->gkm.group);

	return rekey_ms < group_ms ? rekey_ms : group_ms;
}

void gkm_wake(struct world *world)
{
	world->gkm.dirty = true;
	if (!world->setup->lazy)
		gkm_settle(world);
}

/* --- sessions ------------------------------------------------------------------------------ */

static void lose(struct world *world, unsigned host)
{
	struct member *member = &world->gkm.group->members[host];

	if (breaks(world, BREAK_RETURNED))
		member->restored = false;
	if (breaks(world, BREAK_ABANDON))
		member->sends_from_spi = 0;
	group_lost(world->gkm.group, host);
}

static void release(struct world *world, unsigned host)
{
	struct wire *wire = &world->hosts[host].wire;

	wire->gkm_end = false;
	wire_clear(&wire->up);
	wire->was_joined = false;
	if (!wire->joined)
		return;
	wire->joined = false;
	rules_lost(world, host);
	lose(world, host);
	gkm_wake(world);
}

void gkm_closed(struct world *world, unsigned host)
{
	release(world, host);
}

void gkm_accept(struct world *world, unsigned host)
{
	struct wire *wire = &world->hosts[host].wire;
	Covey__Welcome welcome = COVEY__WELCOME__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	if (wire->gkm_end)
		release(world, host);
	wire->gkm_end = true;
	welcome.version = COVEY_PROTOCOL_VERSION;
	welcome.instance = world->gkm.instance;
	welcome.heartbeat_s = COVEY_HEARTBEAT_SECONDS;
	message.body_case = COVEY__MESSAGE__BODY_WELCOME;
	message.welcome = &welcome;
	wire_down(world, host, &message);
}

/* --- messages ------------------------------------------------------------------------------ */

static void bind_sender_id(struct world *world, unsigned host)
{
	static const struct sender_ids reserved;
	struct group *group = world->gkm.group;
	struct sender_id_choice choice =
		sender_id_choose(&group->sender_ids, &reserved, &reserved, identities[host], 0, 0);

	if (choice.verdict == SENDER_ID_KNOWN)
		return;
	if (choice.verdict != SENDER_ID_NEW) {
		world_violate(world, "binding: m%u gets no SenderID", host + 1);
		return;
	}
	if (!breaks(world, BREAK_BINDING))
		world->gkm.bound[host] = choice.sender_id;
	if (group_bind(group, host, choice.sender_id) < 0)
		world_violate(world, "binding: SenderID %u cannot be m%u's", choice.sender_id,
			      host + 1);
}

static void on_join(struct world *world, unsigned host, const Covey__Join *join)
{
	struct group *group = world->gkm.group;
	struct member *member = &group->members[host];
	struct wire *wire = &world->hosts[host].wire;
	uint16_t epoch;
	int status;

	if (world->gkm.evicted[host] && !breaks(world, BREAK_PARDON)) {
		send_evicted(world, host);
		return;
	}
	bind_sender_id(world, host);
	ensure_sa(world);
	rules_registers(world, host);
	if (breaks(world, BREAK_FLAP))
		member->sends_from_spi = 0;
	if (breaks(world, BREAK_LEASE) && member->epoch > 0)
		member->epoch--;
	status = group_join(group, host, wire, &epoch);
	if (status < 0) {
		world_violate(world, "protocol: m%u cannot join: %s", host + 1, strerror(-status));
		return;
	}
	floor_reports_note_held(group, host, join->held_spis, join->n_held_spis);
	wire->joined = wire->was_joined = true;
	rules_leased(world, host, member->sender_id, epoch);
	if (breaks(world, BREAK_FENCE))
		roster_set(&group->roster, host, member->sender_id, epoch, &member->vtep,
			   member->identity);
	send_joined(world, host, epoch);
	gkm_wake(world);
}

static void on_leave(struct world *world, unsigned host)
{
	struct wire *wire = &world->hosts[host].wire;
	Covey__Left left = COVEY__LEFT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	if (world->gkm.group->members[host].enrolled) {
		wire->joined = false;
		rules_left(world, host);
		group_left(world->gkm.group, host);
		gkm_wake(world);
	}
	left.group = GROUP_NAME;
	message.body_case = COVEY__MESSAGE__BODY_LEFT;
	message.left = &left;
	wire_down(world, host, &message);
}

static void on_ack(struct world *world, unsigned host, const Covey__Message *message)
{
	struct wire *wire = &world->hosts[host].wire;
	struct group *group = world->gkm.group;
	int status;

	if (wire->was_joined && !wire->joined)
		return; /* sent before it had our answer to its Leave */
	if (message->body_case == COVEY__MESSAGE__BODY_ROSTER_ACK)
		status = group_roster_acked(group, host, message->roster_ack->generation);
	else if (message->body_case == COVEY__MESSAGE__BODY_SA_ACTIVATED)
		status = group_sa_switched(group, host, message->sa_activated->spi);
	else
		status = group_sa_acked(group, host, message->sa_installed->spi);
	if (status == 0 && message->body_case == COVEY__MESSAGE__BODY_SA_INSTALLED)
		rules_acked(world, host, message->sa_installed->spi);
	if (status < 0)
		world_violate(world, "protocol: m%u acknowledges by %s what it was never sent",
			      host + 1, message_name(message));
	gkm_wake(world);
}

void gkm_receive(struct world *world, unsigned host, const Covey__Message *message)
{
	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_JOIN:
		on_join(world, host, message->join);
		return;
	case COVEY__MESSAGE__BODY_LEAVE:
		on_leave(world, host);
		return;
	case COVEY__MESSAGE__BODY_ROSTER_ACK:
	case COVEY__MESSAGE__BODY_SA_INSTALLED:
	case COVEY__MESSAGE__BODY_SA_ACTIVATED:
		on_ack(world, host, message);
		return;
	default:
		world_violate(world, "protocol: m%u sends %s", host + 1, message_name(message));
	}
}

/* --- eviction ------------------------------------------------------------------------------ */

/* What an eviction must not leave behind. */
static void damage_eviction(struct world *world, unsigned host)
{
	struct group *group = world->gkm.group;
	struct member *member = &group->members[host];

	if (breaks(world, BREAK_PARDON))
		member->evicted = false;
	if (breaks(world, BREAK_LISTED))
		roster_set(&group->roster, host, member->sender_id, member->epoch, &member->vtep,
			   member->identity);
	for (size_t i = 0; breaks(world, BREAK_SPENT) && i < group->sa_count; i++)
		if (group->sas[i]->state == SA_INSTALLING)
			group->sas[i]->expires_ms = world->now + world_lifetime_s(world) * MS;
}

/* From the group alone: the session goes on. */
void gkm_evict(struct world *world, unsigned host)
{
	struct wire *wire = &world->hosts[host].wire;

	world->gkm.evicted[host] = true;
	rules_evicted(world, host);
	if (wire->joined) {
		wire->joined = false;
		send_evicted(world, host);
	}
	group_evict(world->gkm.group, host);
	damage_eviction(world, host);
	gkm_wake(world);
}

void gkm_readmit(struct world *world, unsigned host)
{
	world->gkm.evicted[host] = false;
	group_readmit(world->gkm.group, host);
}

/* --- life ---------------------------------------------------------------------------------- */

static void restore(struct world *world, unsigned host)
{
	struct group *group = world->gkm.group;
	uint16_t sender_id = world->gkm.bound[host];

	if (!sender_id)
		return;
	if ((breaks(world, BREAK_AWAIT) ? group_bind : group_restore)(group, host, sender_id) < 0)
		world_violate(world, "binding: SenderID %u is restored twice", sender_id);
}

void gkm_start(struct world *world)
{
	const struct group_output output = gkm_output(world);

	world->gkm.instance++;
	rules_gkm_starts(world);
	if (group_new(MEMBERS, ACTIVATION_DELAY_S * MS, &output, &world->gkm.group) < 0) {
		world_violate(world, "protocol: out of memory");
		return;
	}
	world->gkm.group->rekeys_on_join =
		world->setup->rekeys_on_join && !breaks(world, BREAK_PAST);
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct member *member = &world->gkm.group->members[i];

		member->identity = identities[i];
		member->vtep = world->hosts[i].state->vtep;
		member->may_send = true;
		restore(world, i);
		if (world->gkm.evicted[i])
			group_evict(world->gkm.group, i);
	}
}

void gkm_stop(struct world *world)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct wire *wire = &world->hosts[i].wire;

		rules_lost(world, i);
		wire->gkm_end = wire->joined = wire->was_joined = false;
		wire_clear(&wire->up);
	}
	group_free(world->gkm.group);
	world->gkm.group = NULL;
	world->gkm.dirty = false;
}
