/* SPDX-License-Identifier: BSD-3-Clause */
#include "guest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "roster_columns.h"

/* --- what it says -------------------------------------------------------------------------- */

static void send_message(struct guest *guest, Covey__Message *message, int body_case)
{
	message->body_case = body_case;
	assert_int_equal(channel_send(guest->channel, message), 0);
}

void guest_hello(struct guest *guest)
{
	Covey__Hello hello = COVEY__HELLO__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	hello.version = COVEY_PROTOCOL_VERSION;
	hello.software = (char *)(guest->software ? guest->software : "a test/1");
	hello.instance = guest->program;
	hello.modes = guest->modes;
	hello.previous = guest->previous;
	hello.highest_spi = guest->knows;
	hello.probes = guest->probes;
	message_addr_set(&hello.vtep, &guest->vtep);
	message.hello = &hello;
	send_message(guest, &message, COVEY__MESSAGE__BODY_HELLO);
}

void guest_join(struct guest *guest, const char *group)
{
	Covey__Join join = COVEY__JOIN__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	join.group = (char *)group;
	join.held_spis = guest->held_spis;
	join.n_held_spis = guest->held_count;
	message.join = &join;
	send_message(guest, &message, COVEY__MESSAGE__BODY_JOIN);
}

void guest_leave(struct guest *guest)
{
	Covey__Leave leave = COVEY__LEAVE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	leave.group = (char *)guest->group;
	message.leave = &leave;
	send_message(guest, &message, COVEY__MESSAGE__BODY_LEAVE);
}

void guest_ack_roster(struct guest *guest, uint64_t generation)
{
	Covey__RosterAck ack = COVEY__ROSTER_ACK__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	ack.group = (char *)guest->group;
	ack.generation = generation;
	message.roster_ack = &ack;
	send_message(guest, &message, COVEY__MESSAGE__BODY_ROSTER_ACK);
}

void guest_ack_sa(struct guest *guest, uint32_t spi)
{
	Covey__SaInstalled ack = COVEY__SA_INSTALLED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	ack.group = (char *)guest->group;
	ack.spi = spi;
	message.sa_installed = &ack;
	send_message(guest, &message, COVEY__MESSAGE__BODY_SA_INSTALLED);
}

void guest_ack_switch(struct guest *guest, uint32_t spi)
{
	Covey__SaActivated ack = COVEY__SA_ACTIVATED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	ack.group = (char *)guest->group;
	ack.spi = spi;
	message.sa_activated = &ack;
	send_message(guest, &message, COVEY__MESSAGE__BODY_SA_ACTIVATED);
}

void guest_ack_mode(struct guest *guest, uint64_t serial)
{
	Covey__GroupModeInForce ack = COVEY__GROUP_MODE_IN_FORCE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	ack.group = (char *)guest->group;
	ack.serial = serial;
	message.group_mode_in_force = &ack;
	send_message(guest, &message, COVEY__MESSAGE__BODY_GROUP_MODE_IN_FORCE);
}

void guest_heartbeat(struct guest *guest)
{
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	message.heartbeat = &heartbeat;
	send_message(guest, &message, COVEY__MESSAGE__BODY_HEARTBEAT);
}

void guest_report_use(struct guest *guest, const Covey__SaUse *use)
{
	Covey__SaUse *uses[] = {(Covey__SaUse *)use};
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	heartbeat.use = uses;
	heartbeat.n_use = 1;
	message.heartbeat = &heartbeat;
	send_message(guest, &message, COVEY__MESSAGE__BODY_HEARTBEAT);
}

void guest_report_clear(struct guest *guest, const Covey__ClearHeard *heard, size_t count)
{
	Covey__ClearHeard *all[COVEY_CLEAR_HEARD_MAX + 1];
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	assert_true(count <= COVEY_CLEAR_HEARD_MAX + 1);
	for (size_t i = 0; i < count; i++)
		all[i] = (Covey__ClearHeard *)heard;
	heartbeat.clear = all;
	heartbeat.n_clear = count;
	message.heartbeat = &heartbeat;
	send_message(guest, &message, COVEY__MESSAGE__BODY_HEARTBEAT);
}

void guest_report_clear_more(struct guest *guest, const char *group, size_t count)
{
	char *all[COVEY_CLEAR_MORE_MAX + 1];
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	assert_true(count <= COVEY_CLEAR_MORE_MAX + 1);
	for (size_t i = 0; i < count; i++)
		all[i] = (char *)group;
	heartbeat.clear_more = all;
	heartbeat.n_clear_more = count;
	message.heartbeat = &heartbeat;
	send_message(guest, &message, COVEY__MESSAGE__BODY_HEARTBEAT);
}

void guest_report(struct guest *guest, uint32_t spi, uint64_t packets, uint64_t failures)
{
	Covey__SaUse use = COVEY__SA_USE__INIT;

	use.spi = spi;
	use.packets_sent = packets;
	use.icv_failures = failures;
	guest_report_use(guest, &use);
}

void guest_send_request(struct guest *guest, const Covey__ProbeRequest *request)
{
	Covey__Message message = COVEY__MESSAGE__INIT;

	message.probe_request = (Covey__ProbeRequest *)request;
	send_message(guest, &message, COVEY__MESSAGE__BODY_PROBE_REQUEST);
}

void guest_send_report(struct guest *guest, const Covey__ProbeReport *report)
{
	Covey__Message message = COVEY__MESSAGE__INIT;

	message.probe_report = (Covey__ProbeReport *)report;
	send_message(guest, &message, COVEY__MESSAGE__BODY_PROBE_REPORT);
}

void guest_send_welcome(struct guest *guest)
{
	Covey__Welcome nonsense = COVEY__WELCOME__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	message.welcome = &nonsense;
	send_message(guest, &message, COVEY__MESSAGE__BODY_WELCOME);
}

void guest_send_unknown(struct guest *guest)
{
	uint8_t empty[] = {0}; /* its length */
	ProtobufCMessageUnknownField field = {GUEST_UNKNOWN_BODY,
					      PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, 1, empty};
	Covey__Message message = COVEY__MESSAGE__INIT;

	message.base.n_unknown_fields = 1;
	message.base.unknown_fields = &field;
	send_message(guest, &message, COVEY__MESSAGE__BODY__NOT_SET);
}

/* --- what it hears ------------------------------------------------------------------------- */

static void on_roster(struct guest *guest, const Covey__Roster *roster)
{
	struct roster_reader reader;
	struct roster_row row;

	assert_string_equal(roster->group, guest->group);
	assert_true(!guest->modes || guest->modes_told > 0);
	assert_true(roster->full ? guest->generation == 0
				 : roster->generation == guest->generation + 1);
	guest->generation = roster->generation;
	for (size_t i = 0; i < roster->n_removed; i++)
		guest->floors[roster->removed[i] % 16] = 0;
	assert_int_equal(roster_reader_init(&reader, roster, NULL), 0);
	while (roster_reader_next(&reader, &row, NULL) > 0) {
		assert_true(strncmp(row.host, "hv", 2) == 0 || strcmp(row.host, "stranger") == 0);
		assert_int_equal(row.vtep.family, AF_INET);
		guest->floors[row.sender_id % 16] = row.epoch_floor;
		guest->addresses[row.sender_id % 16] = row.vtep;
	}
	assert_int_equal(reader.at, roster->n_sender_ids);
	if (guest->acks)
		guest_ack_roster(guest, roster->generation);
}

static void on_install(struct guest *guest, const Covey__SaInstall *install)
{
	assert_true(guest->joined && guest->generation > 0);
	assert_int_equal(install->cipher, COVEY__CIPHER__CIPHER_AES_256_GCM);
	assert_int_equal(install->key_scope, COVEY__KEY_SCOPE__KEY_SCOPE_SENDER);
	assert_int_equal(install->tek.len, 32);
	assert_true(guest->floors_spi == 0 || guest->floors_spi == install->spi);
	guest->floors_spi = 0;
	guest->spi = install->spi;
	guest->tek_len = install->tek.len;
	guest->lifetime_s = install->hard_lifetime_s;
	memcpy(guest->tek, install->tek.data, install->tek.len);
	if (guest->acks)
		guest_ack_sa(guest, install->spi);
}

static void on_floors(struct guest *guest, const Covey__SaFloors *floors)
{
	size_t last = floors->n_esns - 1;

	assert_true(guest->joined && guest->generation > 0);
	assert_string_equal(floors->group, guest->group);
	assert_true(floors->n_esns > 0 && !floors->more);
	assert_int_equal(floors->n_sender_ids, floors->n_esns);
	assert_int_equal(floors->n_window_ids, floors->n_esns);
	assert_int_equal(guest->floors_spi, 0);
	guest->floor = (struct covey_floor){.esn = floors->esns[last],
					    .sender_id = (uint16_t)floors->sender_ids[last],
					    .window_id = (uint16_t)floors->window_ids[last]};
	guest->floor_count += floors->n_esns;
	guest->floors_spi = floors->spi;
}

static void on_joined(struct guest *guest, const Covey__Joined *joined)
{
	assert_string_equal(joined->group, guest->group);
	assert_int_equal(joined->n_vnis, 2);
	assert_int_equal(joined->vnis[1], joined->vnis[0] + 1);
	assert_int_equal(joined->drain_s, guest->drain_s ? guest->drain_s : 30);
	assert_int_equal(joined->replay_window, COVEY_REPLAY_WINDOW_DEFAULT);
	assert_true(joined->may_send && joined->may_receive);
	guest->joined = true;
	guest->generation = 0;
	guest->sender_id = (uint16_t)joined->sender_id;
	guest->epoch = (uint16_t)joined->epoch;
}

/* It comes before rosters and SAs. */
static void on_changed(struct guest *guest, const Covey__GroupChanged *changed)
{
	guest->changes++;
	snprintf(guest->changed_group, sizeof(guest->changed_group), "%s", changed->group);
	guest->vni_count = changed->n_vnis;
	for (size_t i = 0; i < changed->n_vnis && i < 8; i++)
		guest->vnis[i] = changed->vnis[i];
}

static void on_mode(struct guest *guest, const Covey__GroupMode *mode)
{
	assert_true(guest->modes && guest->joined);
	assert_string_equal(mode->group, guest->group);
	assert_true(mode->mode >= COVEY_MODE_OBSERVE && mode->mode <= COVEY_MODE_ENFORCE);
	assert_true(mode->serial > guest->mode_serial || guest->generation == 0);
	guest->mode = (enum covey_mode)mode->mode;
	guest->then = (enum covey_mode)mode->then;
	guest->left_ms = mode->left_ms;
	guest->mode_serial = mode->serial;
	guest->modes_told++;
	if (guest->acks)
		guest_ack_mode(guest, mode->serial);
}

static void on_refused(struct guest *guest, const Covey__Refused *refused)
{
	guest->refusal = refused->code;
	snprintf(guest->refusal_reason, sizeof(guest->refusal_reason), "%s", refused->reason);
}

static void on_order(struct guest *guest, const Covey__ProbeOrder *order)
{
	assert_true(guest->joined && guest->probes);
	assert_string_equal(order->group, guest->group);
	assert_int_equal(order->nonce.len, sizeof(guest->nonce));
	memcpy(guest->nonce, order->nonce.data, sizeof(guest->nonce));
	guest->role = order->role;
	guest->order_id = order->id;
	guest->order_vteps = order->n_vteps;
	guest->order_clear = order->clear;
	guest->orders++;
}

static void on_report(struct guest *guest, const Covey__ProbeReport *report)
{
	assert_string_equal(report->group, guest->group);
	guest->probe_state = report->state;
	guest->report_id = report->id;
	snprintf(guest->report_host, sizeof(guest->report_host), "%s", report->host);
	guest->report_heard = report->n_heard;
	guest->report_looked = report->looked;
	snprintf(guest->report_reason, sizeof(guest->report_reason), "%s", report->reason);
	guest->reports++;
}

static void on_received(struct channel *channel, const Covey__Message *message, void *arg)
{
	struct guest *guest = arg;

	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_WELCOME:
		guest->welcome = true;
		guest->instance = message->welcome->instance;
		assert_int_equal(message->welcome->heartbeat_s, COVEY_HEARTBEAT_SECONDS);
		if (guest->joins)
			guest_join(guest, guest->group);
		break;
	case COVEY__MESSAGE__BODY_JOINED:
		on_joined(guest, message->joined);
		break;
	case COVEY__MESSAGE__BODY_REFUSED:
		on_refused(guest, message->refused);
		break;
	case COVEY__MESSAGE__BODY_ROSTER:
		on_roster(guest, message->roster);
		break;
	case COVEY__MESSAGE__BODY_GROUP_CHANGED:
		on_changed(guest, message->group_changed);
		break;
	case COVEY__MESSAGE__BODY_GROUP_MODE:
		on_mode(guest, message->group_mode);
		break;
	case COVEY__MESSAGE__BODY_SA_FLOORS:
		on_floors(guest, message->sa_floors);
		break;
	case COVEY__MESSAGE__BODY_SA_INSTALL:
		on_install(guest, message->sa_install);
		break;
	case COVEY__MESSAGE__BODY_SA_ACTIVATE:
		guest->active_spi = message->sa_activate->spi;
		if (guest->acks)
			guest_ack_switch(guest, guest->active_spi);
		break;
	case COVEY__MESSAGE__BODY_SA_DRAIN:
		guest->drained_spi = message->sa_drain->spi;
		break;
	case COVEY__MESSAGE__BODY_LEFT:
		guest->left = true;
		break;
	case COVEY__MESSAGE__BODY_PROBE_ORDER:
		on_order(guest, message->probe_order);
		break;
	case COVEY__MESSAGE__BODY_PROBE_REPORT:
		on_report(guest, message->probe_report);
		break;
	case COVEY__MESSAGE__BODY_HEARTBEAT:
		guest->heartbeats++;
		break;
	default:
		fail_msg("unexpected %s", message_name(message));
	}
}

static void on_opened(struct channel *channel, const struct identity *peer, void *arg)
{
	struct guest *guest = arg;

	assert_int_equal(peer->role, IDENTITY_GKM);
	guest->opened = true;
	if (guest->joins)
		guest_hello(guest);
}

static void on_closed(struct channel *channel, const char *reason, void *arg)
{
	struct guest *guest = arg;

	snprintf(guest->closed_reason, sizeof(guest->closed_reason), "%s", reason);
	guest->closed = true;
	guest_vanish(guest);
}

/* --- life ---------------------------------------------------------------------------------- */

void guest_connect(struct guest *guest, struct event_base *base, const char *directory,
		   const char *name, const char *vtep, uint16_t port)
{
	static const struct channel_handlers handlers = {
		.opened = on_opened, .received = on_received, .closed = on_closed};
	struct covey_error error = {0};
	struct covey_addr gkm;
	char paths[3][512];

	snprintf(paths[0], sizeof(paths[0]), "%s/ca.crt", directory);
	snprintf(paths[1], sizeof(paths[1]), "%s/%s.crt", directory, name);
	snprintf(paths[2], sizeof(paths[2]), "%s/%s.key", directory, name);
	assert_true(covey_addr_parse("127.0.0.1", &gkm));
	assert_true(covey_addr_parse(vtep, &guest->vtep));
	if (tls_new(TLS_MEMBER, "test", paths[0], paths[1], paths[2], &guest->tls, &error) < 0)
		fail_msg("%s", error.text);
	if (channel_connect(base, guest->tls, &gkm, port, &handlers, guest, &guest->channel,
			    &error) < 0)
		fail_msg("%s", error.text);
}

void guest_vanish(struct guest *guest)
{
	channel_free(guest->channel);
	tls_free(guest->tls);
	guest->channel = NULL;
	guest->tls = NULL;
}
