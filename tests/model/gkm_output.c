/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_output.h"

#include <stdio.h>
#include <string.h>

#include "roster_columns.h"
#include "rules.h"
#include "wire.h"

static unsigned seat_of(const struct world *world, const struct member *member)
{
	return (unsigned)(member - world->gkm.group->members);
}

void send_joined(struct world *world, unsigned host, uint16_t epoch)
{
	uint32_t vnis[] = {100};
	Covey__Joined joined = COVEY__JOINED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	joined.group = GROUP_NAME;
	joined.sender_id = world->gkm.group->members[host].sender_id;
	joined.epoch = epoch;
	joined.may_send = joined.may_receive = true;
	joined.vnis = vnis;
	joined.n_vnis = 1;
	joined.replay_window = COVEY_REPLAY_WINDOW_DEFAULT;
	joined.drain_s = DRAIN_DELAY_S;
	message.body_case = COVEY__MESSAGE__BODY_JOINED;
	message.joined = &joined;
	wire_down(world, host, &message);
}

void send_evicted(struct world *world, unsigned host)
{
	Covey__Refused refused = COVEY__REFUSED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	refused.group = GROUP_NAME;
	refused.code = COVEY__REFUSAL_CODE__REFUSAL_EVICTED;
	message.body_case = COVEY__MESSAGE__BODY_REFUSED;
	message.refused = &refused;
	wire_down(world, host, &message);
}

/* Both change what is sent, not what the state machine knows. */
static void damage(const struct world *world, Covey__Roster *roster)
{
	if (breaks(world, BREAK_FLOOR) && roster->full)
		roster->n_epoch_floors = 0;
	if (breaks(world, BREAK_UNHEARD) && !roster->full)
		roster->n_sender_ids = roster->n_epoch_floors = roster->vteps.len =
			roster->hosts.len = 0;
}

static void send_roster(const struct member *to, const struct roster_part *part, void *arg)
{
	struct world *world = arg;
	struct roster_columns columns;
	Covey__Roster roster = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	rules_published(world, part);
	roster_columns_clear(&columns);
	for (size_t i = 0; i < part->set_count; i++) {
		const char *host = part->set[i]->identity;
		struct roster_row row = {.sender_id = part->set[i]->sender_id,
					 .epoch_floor = part->set[i]->epoch_floor,
					 .vtep = part->set[i]->vtep,
					 .host = host,
					 .host_len = strlen(host)};

		roster_columns_add(&columns, &row);
	}
	roster_columns_fill(&columns, &roster);
	roster.group = GROUP_NAME;
	roster.generation = part->generation;
	roster.full = part->full;
	roster.more = part->more;
	roster.removed = (uint32_t *)part->removed;
	roster.n_removed = part->removed_count;
	damage(world, &roster);
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &roster;
	wire_down(world, seat_of(world, to), &message);
}

static void send_install(const struct member *to, const struct sa *sa, uint32_t lifetime_s,
			 void *arg)
{
	struct world *world = arg;
	Covey__SaInstall install = COVEY__SA_INSTALL__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	rules_sent(world, seat_of(world, to), sa->tek[0]);
	install.group = GROUP_NAME;
	install.spi = sa->spi;
	install.cipher = COVEY__CIPHER__CIPHER_AES_256_GCM;
	install.key_scope = COVEY__KEY_SCOPE__KEY_SCOPE_SENDER;
	install.tek.data = sa->tek;
	install.tek.len = sa->tek_len;
	install.hard_lifetime_s = lifetime_s;
	message.body_case = COVEY__MESSAGE__BODY_SA_INSTALL;
	message.sa_install = &install;
	wire_down(world, seat_of(world, to), &message);
}

static void send_activate(const struct member *to, const struct sa *sa, void *arg)
{
	struct world *world = arg;
	Covey__SaActivate activate = COVEY__SA_ACTIVATE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	if (breaks(world, BREAK_SILENCE) && to->epoch > 1)
		return;
	activate.group = GROUP_NAME;
	activate.spi = sa->spi;
	message.body_case = COVEY__MESSAGE__BODY_SA_ACTIVATE;
	message.sa_activate = &activate;
	wire_down(world, seat_of(world, to), &message);
}

static void send_drain(const struct member *to, const struct sa *sa, uint32_t drain_s, void *arg)
{
	struct world *world = arg;
	Covey__SaDrain drain = COVEY__SA_DRAIN__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	drain.group = GROUP_NAME;
	drain.spi = sa->spi;
	drain.drain_s = breaks(world, BREAK_DRAIN) ? 0 : drain_s;
	message.body_case = COVEY__MESSAGE__BODY_SA_DRAIN;
	message.sa_drain = &drain;
	wire_down(world, seat_of(world, to), &message);
}

static void changed(const struct sa *sa, void *arg)
{
	struct world *world = arg;

	if (sa->state == SA_RETIRED)
		rules_retired(world, sa);
	if (sa->state == SA_ACTIVE)
		rules_active(world, sa);
	if (world->tells)
		printf("          gkm: SA %u is %s\n", sa->spi, sa_state_name(sa->state));
}

struct group_output gkm_output(struct world *world)
{
	return (struct group_output){.roster = send_roster,
				     .install = send_install,
				     .activate = send_activate,
				     .drain = send_drain,
				     .changed = changed,
				     .arg = world};
}
