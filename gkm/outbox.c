/* SPDX-License-Identifier: BSD-3-Clause */
#include "outbox.h"

#include <inttypes.h>

#include "floors.h"
#include "log.h"
#include "manager.h"
#include "message.h"
#include "realm.h"
#include "session.h"

static void send_roster(const struct member *to, const struct roster_part *part, void *arg)
{
	const struct realm *realm = arg;
	Covey__RosterEntry entries[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	Covey__RosterEntry *set[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	Covey__Roster roster = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	for (size_t i = 0; i < part->set_count; i++) {
		const struct roster_entry *from = part->set[i];

		covey__roster_entry__init(&entries[i]);
		entries[i].sender_id = from->sender_id;
		entries[i].epoch_floor = from->epoch_floor;
		entries[i].identity = (char *)from->identity;
		message_addr_set(&entries[i].vtep, &from->vtep);
		set[i] = &entries[i];
	}
	roster.group = realm->group->name;
	roster.generation = part->generation;
	roster.full = part->full;
	roster.more = part->more;
	roster.set = set;
	roster.n_set = part->set_count;
	roster.removed = (uint32_t *)part->removed;
	roster.n_removed = part->removed_count;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &roster;
	session_send(to->session, &message);
}

static Covey__Cipher cipher_on_wire(enum covey_cipher cipher)
{
	return cipher == COVEY_AES_256_GCM ? COVEY__CIPHER__CIPHER_AES_256_GCM
					   : COVEY__CIPHER__CIPHER_AES_128_GCM;
}

static Covey__KeyScope scope_on_wire(enum covey_key_scope scope)
{
	return scope == COVEY_KEY_SCOPE_SENDER ? COVEY__KEY_SCOPE__KEY_SCOPE_SENDER
					       : COVEY__KEY_SCOPE__KEY_SCOPE_GROUP;
}

/* To whom, and of which SA. */
struct addressee {
	const struct realm *realm;
	const struct member *member;
	const struct sa *sa;
};

static void send_floors(const struct floors_part *part, void *arg)
{
	const struct addressee *to = arg;
	Covey__SaFloors floors = COVEY__SA_FLOORS__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	floors.group = to->realm->group->name;
	floors.spi = to->sa->spi;
	floors.more = part->more;
	floors.sender_ids = (uint32_t *)part->sender_ids;
	floors.window_ids = (uint32_t *)part->window_ids;
	floors.esns = (uint64_t *)part->esns;
	floors.n_sender_ids = floors.n_window_ids = floors.n_esns = part->count;
	message.body_case = COVEY__MESSAGE__BODY_SA_FLOORS;
	message.sa_floors = &floors;
	session_send(to->member->session, &message);
}

static void send_install(const struct member *to, const struct sa *sa, uint32_t lifetime_s,
			 void *arg)
{
	const struct realm *realm = arg;
	struct addressee addressee = {.realm = realm, .member = to, .sa = sa};
	Covey__SaInstall install = COVEY__SA_INSTALL__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	floors_tell(realm->state, (size_t)(to - realm->state->members), sa, send_floors,
		    &addressee);
	install.group = realm->group->name;
	install.spi = sa->spi;
	install.cipher = cipher_on_wire(realm->group->cipher);
	install.key_scope = scope_on_wire(realm->group->key_scope);
	install.tek.data = sa->tek;
	install.tek.len = sa->tek_len;
	install.hard_lifetime_s = lifetime_s;
	message.body_case = COVEY__MESSAGE__BODY_SA_INSTALL;
	message.sa_install = &install;
	session_send(to->session, &message);
}

static void send_activate(const struct member *to, const struct sa *sa, void *arg)
{
	const struct realm *realm = arg;
	Covey__SaActivate activate = COVEY__SA_ACTIVATE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	activate.group = realm->group->name;
	activate.spi = sa->spi;
	message.body_case = COVEY__MESSAGE__BODY_SA_ACTIVATE;
	message.sa_activate = &activate;
	session_send(to->session, &message);
	log_info("%s: %s sends on SA %u as SenderID %u, epoch %u", realm->group->name, to->identity,
		 sa->spi, to->sender_id, to->epoch);
}

static void send_drain(const struct member *to, const struct sa *sa, uint32_t drain_s, void *arg)
{
	const struct realm *realm = arg;
	Covey__SaDrain drain = COVEY__SA_DRAIN__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	drain.group = realm->group->name;
	drain.spi = sa->spi;
	drain.drain_s = drain_s;
	message.body_case = COVEY__MESSAGE__BODY_SA_DRAIN;
	message.sa_drain = &drain;
	session_send(to->session, &message);
}

static void log_late(const struct member *who, const struct sa *sa, void *arg)
{
	const struct realm *realm = arg;

	log_warning("%s: %s has not acknowledged SA %u within %u s and is not waited for: it falls "
		    "silent when the SA before it is drained, until it answers",
		    realm->group->name, who->identity, sa->spi,
		    realm->group->rekey.activation_delay_s);
}

static void log_state(const struct sa *sa, void *arg)
{
	const struct realm *realm = arg;
	size_t acked = 0;

	for (size_t i = 0; i < sa->seats; i++)
		acked += sa_is_acked(sa, i);
	log_notice("%s: SA %u is %s, %zu of %zu members have it", realm->group->name, sa->spi,
		   sa_state_name(sa->state), acked, group_live_members(realm->state));
}

struct group_output outbox_output(struct realm *realm)
{
	return (struct group_output){.roster = send_roster,
				     .install = send_install,
				     .activate = send_activate,
				     .drain = send_drain,
				     .late = log_late,
				     .changed = log_state,
				     .arg = realm};
}
