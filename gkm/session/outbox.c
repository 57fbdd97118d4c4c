/* SPDX-License-Identifier: BSD-3-Clause */
#include "outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "floor_reports.h"
#include "message.h"
#include "mode_outbox.h"
#include "peer_log.h"
#include "roster_columns.h"
#include "served_group.h"
#include "session.h"

/* --- rosters ------------------------------------------------------------------------------- */

/* Identities are spiffe://FABRIC/host/NAME, made by identity_format(). No name contains a slash. */
static struct roster_row row_of(const struct roster_entry *entry)
{
	const char *host = strrchr(entry->identity, '/') + 1;

	return (struct roster_row){.sender_id = entry->sender_id,
				   .epoch_floor = entry->epoch_floor,
				   .vtep = entry->vtep,
				   .host = host,
				   .host_len = strlen(host)};
}

static int encode_roster(const struct outbox *outbox, const struct roster_part *part,
			 struct encoded **ret_message)
{
	struct roster_columns columns;
	Covey__Roster roster = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	roster_columns_clear(&columns);
	for (size_t i = 0; i < part->set_count; i++) {
		struct roster_row row = row_of(part->set[i]);
		int status = roster_columns_add(&columns, &row);

		if (status < 0)
			return status;
	}
	roster_columns_fill(&columns, &roster);
	roster.group = outbox->served->config->name;
	roster.generation = part->generation;
	roster.full = part->full;
	roster.more = part->more;
	roster.removed = (uint32_t *)part->removed;
	roster.n_removed = part->removed_count;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &roster;
	return encoded_new(&message, COVEY_MESSAGE_TO_MEMBER_MAX, ret_message);
}

static void forget_full(struct outbox *outbox)
{
	for (size_t i = 0; i < OUTBOX_ROSTER_PARTS_MAX; i++) {
		encoded_unref(outbox->full[i]);
		outbox->full[i] = NULL;
	}
}

/* Where this part is kept: there is this part already, or NULL. */
static struct encoded **place_of(struct outbox *outbox, const struct roster_part *part)
{
	if (part->whole && outbox->full_generation != part->generation) {
		forget_full(outbox);
		outbox->full_generation = part->generation;
	}
	if (part->whole)
		return &outbox->full[part->index];
	if (outbox->generation != part->generation || outbox->index != part->index) {
		encoded_unref(outbox->change);
		outbox->change = NULL;
		outbox->generation = part->generation;
		outbox->index = part->index;
	}
	return &outbox->change;
}

static void send_roster(const struct member *to, const struct roster_part *part, void *arg)
{
	struct outbox *outbox = arg;
	struct encoded **message = place_of(outbox, part);
	int status = *message ? 0 : encode_roster(outbox, part, message);

	if (status < 0)
		session_cannot_send(to->session, status, "Roster");
	else
		session_send_encoded(to->session, *message, "Roster");
}

/* --- SAs ----------------------------------------------------------------------------------- */

static void forget(struct outbox_last *last)
{
	encoded_unref(last->message);
	*last = (struct outbox_last){0};
}

/* If this message was not the last one sent, forget that one, so that this one is made. */
static void turn_to(struct outbox_last *last, uint32_t spi, uint32_t seconds)
{
	if (last->message && last->spi == spi && last->seconds == seconds)
		return;
	forget(last);
	last->spi = spi;
	last->seconds = seconds;
}

static void send_last(const struct member *to, struct outbox_last *last,
		      const Covey__Message *message)
{
	int status = 0;

	if (!last->message)
		status = encoded_new(message, COVEY_MESSAGE_TO_MEMBER_MAX, &last->message);
	if (status < 0)
		session_cannot_send(to->session, status, message_name(message));
	else
		session_send_encoded(to->session, last->message, message_name(message));
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

/* The receiver, and the SA that the message is about. */
struct addressee {
	const struct served_group *served;
	const struct member *member;
	const struct sa *sa;
};

static void send_floors(const struct floor_part *part, void *arg)
{
	const struct addressee *to = arg;
	Covey__SaFloors floors = COVEY__SA_FLOORS__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	floors.group = to->served->config->name;
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
	struct outbox *outbox = arg;
	const struct served_group *served = outbox->served;
	struct addressee addressee = {.served = served, .member = to, .sa = sa};
	Covey__SaInstall install = COVEY__SA_INSTALL__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	floor_reports_tell(served->group, (size_t)(to - served->group->members), sa, send_floors,
			   &addressee);
	install.group = served->config->name;
	install.spi = sa->spi;
	install.cipher = cipher_on_wire(served->config->cipher);
	install.key_scope = scope_on_wire(served->config->key_scope);
	install.tek.data = sa->tek;
	install.tek.len = sa->tek_len;
	install.hard_lifetime_s = lifetime_s;
	message.body_case = COVEY__MESSAGE__BODY_SA_INSTALL;
	message.sa_install = &install;
	turn_to(&outbox->install, sa->spi, lifetime_s);
	send_last(to, &outbox->install, &message);
}

/* One line for each SA, not one for each member: there may be very many members. */
static void log_told(struct outbox *outbox)
{
	const char *name = outbox->served->config->name;

	peer_log_line(outbox->log, LOG_LEVEL_INFO, name,
		      "%s: told %zu members to send on SA %u, %zu are there", name, outbox->told,
		      outbox->told_spi, group_live_members(outbox->served->group));
	outbox->told = 0;
}

static bool are_all_told(const struct group *group, const struct sa *sa)
{
	for (size_t i = 0; i < group->seats; i++)
		if (group->members[i].session && sa->members[i] != SA_MEMBER_BARRED &&
		    sa->members[i] < SA_MEMBER_ACTIVE)
			return false;
	return true;
}

static void count_told(struct outbox *outbox, const struct sa *sa)
{
	if (outbox->told_spi != sa->spi) {
		outbox->told_spi = sa->spi;
		outbox->told = 0;
	}
	outbox->told++;
}

static void send_activate(const struct member *to, const struct sa *sa, void *arg)
{
	struct outbox *outbox = arg;
	Covey__SaActivate activate = COVEY__SA_ACTIVATE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	activate.group = outbox->served->config->name;
	activate.spi = sa->spi;
	message.body_case = COVEY__MESSAGE__BODY_SA_ACTIVATE;
	message.sa_activate = &activate;
	turn_to(&outbox->activate, sa->spi, 0);
	send_last(to, &outbox->activate, &message);
	peer_log_line(outbox->log, LOG_LEVEL_DEBUG, to->identity,
		      "%s: %s sends on SA %u as SenderID %u, epoch %u",
		      outbox->served->config->name, to->identity, sa->spi, to->sender_id,
		      to->epoch);
	count_told(outbox, sa);
}

static void send_drain(const struct member *to, const struct sa *sa, uint32_t drain_s, void *arg)
{
	struct outbox *outbox = arg;
	Covey__SaDrain drain = COVEY__SA_DRAIN__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	drain.group = outbox->served->config->name;
	drain.spi = sa->spi;
	drain.drain_s = drain_s;
	message.body_case = COVEY__MESSAGE__BODY_SA_DRAIN;
	message.sa_drain = &drain;
	turn_to(&outbox->drain, sa->spi, drain_s);
	send_last(to, &outbox->drain, &message);
}

static void log_late(const struct member *who, const struct sa *sa, void *arg)
{
	const struct outbox *outbox = arg;

	peer_log_line(outbox->log, LOG_LEVEL_WARNING, who->identity,
		      "%s: %s has not acknowledged SA %u within %u s and is not waited for: it "
		      "does not receive what the others send on it until it acknowledges",
		      outbox->served->config->name, who->identity, sa->spi,
		      outbox->served->config->rekey.activation_delay_s);
}

/* Each state is a kind of its own, so that none uses up the others' share of the log. */
static void log_state(const struct sa *sa, void *arg)
{
	struct outbox *outbox = arg;
	const char *name = outbox->served->config->name;
	char text[COVEY_NAME_MAX + 128];
	size_t acked = 0;

	if (sa->state == SA_ACTIVE)
		durations_add(&outbox->rekeys, clock_ms() - sa->begin_ms);
	/* Some members were never told. */
	if (sa->state == SA_DRAINING && outbox->told && outbox->told_spi == sa->spi)
		log_told(outbox);
	for (size_t i = 0; i < sa->seats; i++)
		acked += sa_is_acked(sa, i);
	snprintf(text, sizeof(text), "%s: SA %u is %s, %zu of %zu members have it", name, sa->spi,
		 sa_state_name(sa->state), acked, group_live_members(outbox->served->group));
	peer_log_text(sa->spi == outbox->operators_spi ? NULL : outbox->log, LOG_LEVEL_NOTICE, name,
		      sa_state_name(sa->state), text);
}

/* --- all ----------------------------------------------------------------------------------- */

static void forget_sent(struct outbox *outbox)
{
	forget(&outbox->install);
	forget(&outbox->activate);
	forget(&outbox->drain);
	encoded_unref(outbox->change);
	outbox->change = NULL;
}

void outbox_settled(struct outbox *outbox)
{
	const struct sa *active = group_active_sa(outbox->served->group);

	forget_sent(outbox);
	if (active && outbox->told && outbox->told_spi == active->spi &&
	    are_all_told(outbox->served->group, active))
		log_told(outbox);
}

void outbox_clear(struct outbox *outbox)
{
	forget_sent(outbox);
	forget_full(outbox);
}

void outbox_init(struct outbox *outbox, const struct served_group *served, struct peer_log *log)
{
	*outbox = (struct outbox){.served = served, .log = log};
}

struct group_output outbox_output(struct outbox *outbox)
{
	return (struct group_output){.roster = send_roster,
				     .install = send_install,
				     .activate = send_activate,
				     .drain = send_drain,
				     .late = log_late,
				     .changed = log_state,
				     .mode = mode_outbox_send,
				     .keep_mode = mode_outbox_keep,
				     .mode_event = mode_outbox_log,
				     .arg = outbox};
}
