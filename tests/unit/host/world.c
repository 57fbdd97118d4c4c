/* SPDX-License-Identifier: BSD-3-Clause */

#include "world.h"

#include <covey/wire.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roster_columns.h"

__attribute__((format(printf, 2, 3))) static void record(struct world *world, const char *format,
							 ...)
{
	size_t room = sizeof(world->journal) - world->journal_len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(world->journal + world->journal_len, room, format, args);
	va_end(args);
	assert_true(len >= 0 && (size_t)len < room);
	world->journal_len += (size_t)len;
}

void world_forget(struct world *world)
{
	world->journal[0] = '\0';
	world->journal_len = 0;
}

/* --- the dataplane ---------------------------------------------------------------------------- */

struct world_sa *world_sa(struct world *world, uint32_t spi)
{
	struct dataplane *dataplane = &world->dataplane;

	for (size_t i = 0; i < dataplane->sa_count; i++) {
		if (dataplane->sas[i].spi == spi)
			return &dataplane->sas[i];
	}
	return NULL;
}

static int take(int *failure)
{
	int status = *failure;

	*failure = 0;
	return status;
}

static int group_set(struct dataplane *dataplane, uint32_t group, const uint32_t *vnis,
		     size_t vni_count, struct covey_error *error)
{
	int status = take(&dataplane->group_fails);

	if (status)
		return covey_error_set(error, status, "VNI belongs to another group");
	record(dataplane->world, "vnis %" PRIu32 ":%zu; ", group, vni_count);
	return 0;
}

static void set_roster(struct world_sa *sa, const struct covey_roster_entry *roster, size_t count)
{
	sa->roster_count = count;
	for (size_t i = 0; i < count && i < 8; i++)
		sa->roster[i] = roster[i];
}

static int sa_install_again(struct world_sa *old, const struct covey_sa *sa)
{
	if (sa->epoch <= old->epoch || memcmp(sa->tek, old->tek, sizeof(sa->tek)) != 0)
		return -EEXIST;
	old->epoch = sa->epoch;
	return 0;
}

static int sa_install(struct dataplane *dataplane, const struct covey_sa *sa,
		      const struct covey_roster_entry *roster, size_t roster_count,
		      struct covey_error *error)
{
	struct world_sa *old = world_sa(dataplane->world, sa->spi);
	size_t in_group = 0;
	int status = take(&dataplane->install_fails);

	dataplane->install_sa = sa;
	dataplane->teks_seen++;
	for (size_t i = 0; i < dataplane->sa_count; i++)
		in_group += dataplane->sas[i].group == sa->group;
	if (!status && old)
		status = sa_install_again(old, sa);
	else if (!status && in_group >= COVEY_SAS_PER_GROUP_MAX)
		status = -ENOSPC;
	if (status)
		return covey_error_set(error, status, "not installed");
	record(dataplane->world, "install %" PRIu32 " e%u r%zu; ", sa->spi, sa->epoch,
	       roster_count);
	if (!old) {
		old = &dataplane->sas[dataplane->sa_count++];
		*old = (struct world_sa){.spi = sa->spi,
					 .group = sa->group,
					 .sender_id = sa->sender_id,
					 .epoch = sa->epoch,
					 .state = COVEY_SA_INSTALLED};
		memcpy(old->tek, sa->tek, sizeof(old->tek));
		old->floor_count = sa->floor_count;
		for (size_t i = 0; i < sa->floor_count && i < 8; i++)
			old->floors[i] = sa->floors[i];
	}
	set_roster(old, roster, roster_count);
	return 0;
}

static int sa_activate(struct dataplane *dataplane, uint32_t spi, struct covey_error *error)
{
	struct world_sa *sa = world_sa(dataplane->world, spi);

	if (!sa)
		return covey_error_set(error, -ENOENT, "no SA");
	for (size_t i = 0; i < dataplane->sa_count; i++) {
		struct world_sa *other = &dataplane->sas[i];

		if (other->group == sa->group && other->state == COVEY_SA_ACTIVE)
			other->state = COVEY_SA_DRAINING;
	}
	sa->state = COVEY_SA_ACTIVE;
	record(dataplane->world, "activate %" PRIu32 "; ", spi);
	return 0;
}

static int sa_drain(struct dataplane *dataplane, uint32_t spi, struct covey_error *error)
{
	struct world_sa *sa = world_sa(dataplane->world, spi);

	if (!sa)
		return covey_error_set(error, -ENOENT, "no SA");
	sa->state = COVEY_SA_DRAINING;
	record(dataplane->world, "drain %" PRIu32 "; ", spi);
	return 0;
}

static void sa_remove(struct dataplane *dataplane, uint32_t spi)
{
	struct world_sa *sa = world_sa(dataplane->world, spi);

	if (!sa)
		return;
	*sa = dataplane->sas[--dataplane->sa_count];
	record(dataplane->world, "remove %" PRIu32 "; ", spi);
}

static int roster_set(struct dataplane *dataplane, uint32_t spi,
		      const struct covey_roster_entry *roster, size_t roster_count,
		      struct covey_error *error)
{
	struct world_sa *sa = world_sa(dataplane->world, spi);

	if (!sa)
		return covey_error_set(error, -ENOENT, "no SA");
	set_roster(sa, roster, roster_count);
	record(dataplane->world, "roster %" PRIu32 ":%zu; ", spi, roster_count);
	return 0;
}

static size_t read_sas(const struct dataplane *dataplane, struct dataplane_sa_status *sas,
		       size_t max)
{
	for (size_t i = 0; i < dataplane->sa_count && i < max; i++)
		sas[i] = (struct dataplane_sa_status){
			.spi = dataplane->sas[i].spi,
			.group = dataplane->sas[i].group,
			.packets_sent = dataplane->packets_sent,
			.own_sender = dataplane->own_sender,
			.multicast_received = dataplane->multicast_received,
			.packets_received = dataplane->packets_received,
		};
	return dataplane->sa_count;
}

/* Last first: the dataplane promises no order. */
static size_t read_sent(const struct dataplane *dataplane, uint32_t spi,
			struct dataplane_window_status *windows, size_t max)
{
	for (size_t i = 0; i < dataplane->windows_sent && i < max; i++)
		windows[i] = dataplane->windows
				     ? dataplane->windows[i]
				     : (struct dataplane_window_status){
					       .spi = spi,
					       .window_id = (uint16_t)(dataplane->windows_sent - i),
					       .esn = covey_esn(1, 1000 + i),
					       .sending = true,
				       };
	return dataplane->windows_sent;
}

/* --- what it says to the GKM ------------------------------------------------------------------ */

/* Each entry as SPI:packets, with w and the number of its windows, o and impostors' packets, m and
 * multicast received, r and all packets received, n when these do not count, l when it listens. */
static void record_heartbeat(struct world *world, const Covey__Message *message)
{
	const Covey__Heartbeat *heartbeat = message->heartbeat;

	assert_true(covey__message__get_packed_size(message) <= COVEY_MESSAGE_TO_GKM_MAX);
	record(world, ">Heartbeat");
	for (size_t i = 0; i < heartbeat->n_use; i++) {
		const Covey__SaUse *use = heartbeat->use[i];

		record(world, " %" PRIu32 ":%" PRIu64, use->spi, use->packets_sent);
		if (use->n_window_ids)
			record(world, "w%zu", use->n_window_ids);
		if (use->own_sender)
			record(world, "o%" PRIu64, use->own_sender);
		if (use->multicast_received)
			record(world, "m%" PRIu64, use->multicast_received);
		if (use->packets_received)
			record(world, "r%" PRIu64, use->packets_received);
		if (!use->receives)
			record(world, "n");
		if (use->listens)
			record(world, "l");
		assert_int_equal(use->n_window_ids, use->n_esns);
		for (size_t w = 1; w < use->n_window_ids; w++)
			assert_true(use->window_ids[w] > use->window_ids[w - 1]);
	}
	record(world, "; ");
}

static int send_message(void *arg, const Covey__Message *message)
{
	struct world *world = arg;
	int status = take(&world->send_fails);

	if (status)
		return status;
	if (world->said)
		world->said(world->said_arg, message);
	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_HELLO:
		record(world, ">Hello; ");
		world->own_instance = message->hello->instance;
		world->highest_spi = message->hello->highest_spi;
		break;
	case COVEY__MESSAGE__BODY_JOIN:
		record(world, ">Join %s; ", message->join->group);
		world->held_count = message->join->n_held_spis;
		for (size_t i = 0; i < world->held_count && i < COVEY_SAS_PER_GROUP_MAX; i++)
			world->held_spis[i] = message->join->held_spis[i];
		break;
	case COVEY__MESSAGE__BODY_LEAVE:
		record(world, ">Leave %s; ", message->leave->group);
		break;
	case COVEY__MESSAGE__BODY_ROSTER_ACK:
		record(world, ">RosterAck %" PRIu64 "; ", message->roster_ack->generation);
		break;
	case COVEY__MESSAGE__BODY_SA_ACTIVATED:
		record(world, ">SaActivated %" PRIu32 "; ", message->sa_activated->spi);
		break;
	case COVEY__MESSAGE__BODY_SA_INSTALLED:
		record(world, ">SaInstalled %" PRIu32 "; ", message->sa_installed->spi);
		break;
	case COVEY__MESSAGE__BODY_HEARTBEAT:
		record_heartbeat(world, message);
		break;
	default:
		record(world, ">%s; ", message_name(message));
		break;
	}
	return 0;
}

static bool listens(void *arg, const uint32_t *vnis, size_t count)
{
	const struct world *world = arg;

	assert_true(vnis && count > 0);
	return world->listens;
}

static void deaf(void *arg)
{
	record(arg, "deaf; ");
}

static void note(void *arg, enum log_level level, const char *kind, const char *text)
{
	struct world *world = arg;

	world->notes[level]++;
}

static uint32_t middle(void *arg, uint32_t bound)
{
	return bound / 2;
}

/* --- the GKM ---------------------------------------------------------------------------------- */

int world_message(struct world *world, const Covey__Message *message)
{
	return member_state_received(world->state, message, world->now, &world->error);
}

int world_open(struct world *world, uint64_t instance)
{
	Covey__Welcome welcome = COVEY__WELCOME__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	int status = member_state_opened(world->state, &world->error);

	if (status)
		return status;
	welcome.version = COVEY_PROTOCOL_VERSION;
	welcome.instance = instance;
	welcome.heartbeat_s = 10;
	message.body_case = COVEY__MESSAGE__BODY_WELCOME;
	message.welcome = &welcome;
	return world_message(world, &message);
}

int world_joined(struct world *world, const char *group, uint32_t sender_id, uint32_t epoch)
{
	uint32_t vnis[] = {100, 200};
	Covey__Joined joined = COVEY__JOINED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	joined.group = (char *)group;
	joined.sender_id = sender_id;
	joined.epoch = epoch;
	joined.may_send = joined.may_receive = true;
	joined.vnis = vnis;
	joined.n_vnis = 2;
	joined.replay_window = 1024;
	joined.drain_s = 30;
	message.body_case = COVEY__MESSAGE__BODY_JOINED;
	message.joined = &joined;
	return world_message(world, &message);
}

int world_roster(struct world *world, const char *group, uint64_t generation, bool full, bool more,
		 ...)
{
	static struct roster_columns columns;
	struct roster_row row = {.epoch_floor = 1, .host = "some", .host_len = 4};
	Covey__Roster roster = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	va_list args;

	assert_true(covey_addr_parse("10.0.0.0", &row.vtep));
	roster_columns_clear(&columns);
	va_start(args, more);
	while ((row.sender_id = (uint16_t)va_arg(args, unsigned)) != 0)
		assert_int_equal(roster_columns_add(&columns, &row), 0);
	va_end(args);
	roster_columns_fill(&columns, &roster);
	roster.group = (char *)group;
	roster.generation = generation;
	roster.full = full;
	roster.more = more;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &roster;
	return world_message(world, &message);
}

int world_removed(struct world *world, const char *group, uint64_t generation, uint32_t sender_id)
{
	Covey__Roster roster = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	roster.group = (char *)group;
	roster.generation = generation;
	roster.removed = &sender_id;
	roster.n_removed = 1;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &roster;
	return world_message(world, &message);
}

/* The key of an SPI is always the same, as a GKM's would be. */
int world_floors(struct world *world, const char *group, uint32_t spi, bool more,
		 uint32_t sender_id, uint32_t window_id, size_t count)
{
	uint32_t *sender_ids = calloc(count + 1, sizeof(*sender_ids));
	uint32_t *window_ids = calloc(count + 1, sizeof(*window_ids));
	uint64_t *esns = calloc(count + 1, sizeof(*esns));
	Covey__SaFloors floors = COVEY__SA_FLOORS__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	int status;

	for (size_t i = 0; i < count; i++) {
		sender_ids[i] = sender_id;
		window_ids[i] = window_id + (uint32_t)i;
		esns[i] = covey_esn(1, 100 + i);
	}
	floors.group = (char *)group;
	floors.spi = spi;
	floors.more = more;
	floors.sender_ids = sender_ids;
	floors.window_ids = window_ids;
	floors.esns = esns;
	floors.n_sender_ids = floors.n_window_ids = floors.n_esns = count;
	message.body_case = COVEY__MESSAGE__BODY_SA_FLOORS;
	message.sa_floors = &floors;
	status = world_message(world, &message);
	free(sender_ids);
	free(window_ids);
	free(esns);
	return status;
}

int world_install(struct world *world, const char *group, uint32_t spi, uint32_t lifetime_s)
{
	uint8_t tek[32];
	Covey__SaInstall install = COVEY__SA_INSTALL__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	memset(tek, (int)(0xa0 + spi % 32), sizeof(tek));
	install.group = (char *)group;
	install.spi = spi;
	install.cipher = COVEY__CIPHER__CIPHER_AES_256_GCM;
	install.key_scope = COVEY__KEY_SCOPE__KEY_SCOPE_SENDER;
	install.tek.data = tek;
	install.tek.len = sizeof(tek);
	install.hard_lifetime_s = lifetime_s;
	message.body_case = COVEY__MESSAGE__BODY_SA_INSTALL;
	message.sa_install = &install;
	return world_message(world, &message);
}

int world_activate(struct world *world, const char *group, uint32_t spi)
{
	Covey__SaActivate activate = COVEY__SA_ACTIVATE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	activate.group = (char *)group;
	activate.spi = spi;
	message.body_case = COVEY__MESSAGE__BODY_SA_ACTIVATE;
	message.sa_activate = &activate;
	return world_message(world, &message);
}

int world_drain(struct world *world, const char *group, uint32_t spi, uint32_t drain_s)
{
	Covey__SaDrain drain = COVEY__SA_DRAIN__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	drain.group = (char *)group;
	drain.spi = spi;
	drain.drain_s = drain_s;
	message.body_case = COVEY__MESSAGE__BODY_SA_DRAIN;
	message.sa_drain = &drain;
	return world_message(world, &message);
}

int world_left(struct world *world, const char *group)
{
	Covey__Left left = COVEY__LEFT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	left.group = (char *)group;
	message.body_case = COVEY__MESSAGE__BODY_LEFT;
	message.left = &left;
	return world_message(world, &message);
}

int world_refused(struct world *world, const char *group, Covey__RefusalCode code)
{
	Covey__Refused refused = COVEY__REFUSED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	refused.group = (char *)group;
	refused.code = code;
	refused.reason = "because\n\xff";
	message.body_case = COVEY__MESSAGE__BODY_REFUSED;
	message.refused = &refused;
	return world_message(world, &message);
}

int world_pass(struct world *world, uint64_t ms)
{
	uint64_t end = world->now + ms;
	int status = 0;

	while (status == 0 && member_state_deadline(world->state) <= end) {
		uint64_t deadline = member_state_deadline(world->state);

		world->now = deadline > world->now ? deadline : world->now;
		status = member_state_tick(world->state, world->now, &world->error);
		/* What was due is done, or this would never end. */
		assert_true(status || member_state_deadline(world->state) > world->now);
	}
	world->now = end;
	return status;
}

/* --- life ------------------------------------------------------------------------------------- */

struct world *world_new_at(const char *vtep_text)
{
	static const struct dataplane_ops ops = {
		.group_set = group_set,
		.sa_install = sa_install,
		.sa_activate = sa_activate,
		.sa_drain = sa_drain,
		.sa_remove = sa_remove,
		.roster_set = roster_set,
		.read_sas = read_sas,
		.read_sent = read_sent,
	};
	struct world *world = calloc(1, sizeof(*world));
	struct covey_addr vtep;
	struct effects effects = {
		.ops = &ops,
		.send = send_message,
		.note = note,
		.listens = listens,
		.deaf = deaf,
		.random = middle,
	};

	assert_non_null(world);
	assert_true(covey_addr_parse(vtep_text, &vtep));
	world->now = 1000000;
	world->dataplane.world = world;
	effects.dataplane = &world->dataplane;
	effects.arg = world;
	assert_int_equal(member_state_new(&effects, &vtep, &world->state), 0);
	return world;
}

struct world *world_new(void)
{
	return world_new_at("10.0.0.7");
}

void world_free(struct world *world)
{
	member_state_free(world->state);
	free(world);
}

struct world *world_with_active_sa(void)
{
	struct world *world = world_new();

	assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world_joined(world, "g", 7, 1), 0);
	assert_int_equal(world_roster(world, "g", 1, true, false, 7, 8, 0), 0);
	assert_int_equal(world_install(world, "g", 256, 86400), 0);
	assert_int_equal(world_activate(world, "g", 256), 0);
	world_forget(world);
	return world;
}
