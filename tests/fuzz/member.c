/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What a key manager says to the member's state machine, in sequences: sessions begin and end, time
 * passes, the dataplane fails. The dataplane here asserts what dataplane.h asks of who calls it,
 * and that no SA outlives its hard lifetime. One execution is a message that a session hears.
 */

#include "conversation.h"
#include "count.h"
#include "must.h"
#include "state.h"
#include "wrapped.h"
#include <covey/wire.h>
#include <errno.h>
#include <string.h>

/* Kinds of records beside messages. */
enum {
	STEP_RAW = 0,
	STEP_TIME = 17,
	STEP_OPENED,
	STEP_CLOSED,
	STEP_JOIN,
	STEP_LEAVE,
	STEP_DATAPLANE_FAILS,
	STEP_SEND_FAILS,
	STEP_IMPOSTOR,
	STEP_COUNT
};

#define SAS_MAX      64
#define PASSES_MAX   16
#define PASS_MAX_MS  UINT64_C(70000)
#define GROUPS_NAMED 3

struct sa {
	uint32_t spi;
	uint32_t group;
	uint16_t epoch;
	uint64_t expires;
	uint8_t tek[COVEY_TEK_BYTES_MAX];
};

struct dataplane {
	struct sa sas[SAS_MAX];
	size_t count;
	int fails; /* what the next change returns */
	uint32_t lifetime_s;
	uint64_t own_sender;
};

struct world {
	struct dataplane dataplane;
	struct member_state *state;
	uint64_t now;
	int send_fails;
	bool in_session;
	unsigned messages; /* that came */
};

static struct world world;
static const char *const names[GROUPS_NAMED] = {"g", "tenants", "h"};

/* --- the dataplane -------------------------------------------------------------------------- */

static struct sa *find(struct dataplane *dataplane, uint32_t spi)
{
	for (size_t i = 0; i < dataplane->count; i++)
		if (dataplane->sas[i].spi == spi)
			return &dataplane->sas[i];
	return NULL;
}

static int take(int *failure)
{
	int status = *failure;

	*failure = 0;
	return status;
}

static int group_set(struct dataplane *dataplane, uint32_t group, const uint32_t *vnis,
		     size_t count, struct covey_error *error)
{
	must(group < COVEY_GROUPS_PER_HOST_MAX);
	for (size_t i = 0; i < count; i++)
		must(vnis[i] <= COVEY_VNI_MAX);
	return covey_error_set(error, count ? take(&dataplane->fails) : 0, "no");
}

static void check_roster(const struct covey_roster_entry *roster, size_t count)
{
	must(count <= COVEY_ROSTER_MAX);
	for (size_t i = 0; i < count; i++) {
		must(roster[i].sender_id != 0);
		must(roster[i].vtep.family == AF_INET || roster[i].vtep.family == AF_INET6);
		must(i == 0 || roster[i].sender_id > roster[i - 1].sender_id);
	}
}

static void check_sa(const struct covey_sa *sa)
{
	must(sa->spi >= COVEY_SPI_MIN && sa->group < COVEY_GROUPS_PER_HOST_MAX);
	must(covey_cipher_key_len(sa->cipher) != 0);
	must(sa->key_scope == COVEY_KEY_SCOPE_SENDER || sa->key_scope == COVEY_KEY_SCOPE_GROUP);
	must(sa->sender_id != 0 && sa->epoch != 0);
	must(sa->replay_window >= COVEY_REPLAY_WINDOW_MIN &&
	     sa->replay_window <= COVEY_REPLAY_WINDOW_MAX &&
	     (sa->replay_window & (sa->replay_window - 1)) == 0);
	must(sa->floor_count <= COVEY_FLOORS_PER_GROUP_MAX);
	for (size_t i = 0; i < sa->floor_count; i++)
		must(sa->floors[i].sender_id != 0 &&
		     covey_esn_epoch(sa->floors[i].esn) >= COVEY_EPOCH_MIN);
	for (size_t i = 1; i < sa->floor_count; i++)
		must(sa->floors[i].sender_id > sa->floors[i - 1].sender_id ||
		     (sa->floors[i].sender_id == sa->floors[i - 1].sender_id &&
		      sa->floors[i].window_id > sa->floors[i - 1].window_id));
}

static int sa_install(struct dataplane *dataplane, const struct covey_sa *sa,
		      const struct covey_roster_entry *roster, size_t count,
		      struct covey_error *error)
{
	struct sa *old = find(dataplane, sa->spi);
	size_t in_group = 0;
	int status = take(&dataplane->fails);

	check_sa(sa);
	check_roster(roster, count);
	for (size_t i = 0; i < dataplane->count; i++)
		in_group += dataplane->sas[i].group == sa->group;
	if (!status && old &&
	    (sa->epoch <= old->epoch || memcmp(sa->tek, old->tek, sizeof(old->tek))))
		status = -EEXIST;
	if (!status && !old && in_group >= COVEY_SAS_PER_GROUP_MAX)
		status = -ENOSPC;
	if (status)
		return covey_error_set(error, status, "no");
	if (!old) {
		must(dataplane->count < SAS_MAX);
		old = &dataplane->sas[dataplane->count++];
		*old = (struct sa){.spi = sa->spi, .group = sa->group};
		memcpy(old->tek, sa->tek, sizeof(old->tek));
	}
	must(old->group == sa->group);
	old->epoch = sa->epoch;
	old->expires = world.now + dataplane->lifetime_s * UINT64_C(1000);
	return 0;
}

static int sa_activate(struct dataplane *dataplane, uint32_t spi, struct covey_error *error)
{
	must(find(dataplane, spi));
	return 0;
}

static void sa_remove(struct dataplane *dataplane, uint32_t spi)
{
	struct sa *sa = find(dataplane, spi);

	if (sa)
		*sa = dataplane->sas[--dataplane->count];
}

static int roster_set(struct dataplane *dataplane, uint32_t spi,
		      const struct covey_roster_entry *roster, size_t count,
		      struct covey_error *error)
{
	must(find(dataplane, spi));
	check_roster(roster, count);
	return covey_error_set(error, take(&dataplane->fails), "no");
}

static size_t read_sas(const struct dataplane *dataplane, struct dataplane_sa_status *sas,
		       size_t max)
{
	for (size_t i = 0; i < dataplane->count && i < max; i++)
		sas[i] = (struct dataplane_sa_status){
			.spi = dataplane->sas[i].spi,
			.group = dataplane->sas[i].group,
			.packets_sent = world.now,
			.own_sender = dataplane->own_sender,
		};
	return dataplane->count;
}

static size_t read_sent(const struct dataplane *dataplane, uint32_t spi,
			struct dataplane_window_status *windows, size_t max)
{
	size_t count = spi % 4;

	for (size_t i = 0; i < count && i < max; i++)
		windows[i] = (struct dataplane_window_status){
			.spi = spi, .window_id = (uint16_t)(7 - i), .esn = covey_esn(1, i + 1)};
	return count;
}

/* --- the rest of the world ------------------------------------------------------------------- */

static int on_send(void *arg, const Covey__Message *message)
{
	(void)arg;
	must(world.in_session);
	must(covey__message__get_packed_size(message) <= COVEY_MESSAGE_TO_GKM_MAX);
	wrapped_check(message);
	return take(&world.send_fails);
}

static void on_note(void *arg, enum log_level level, const char *kind, const char *text)
{
	(void)arg, (void)level, (void)kind;
	for (; *text; text++)
		must((unsigned char)*text >= ' '); /* no peer writes lines into our log */
}

static uint32_t middle(void *arg, uint32_t bound)
{
	(void)arg;
	return bound / 2;
}

static void begin(void)
{
	static const struct dataplane_ops ops = {
		.group_set = group_set,
		.sa_install = sa_install,
		.sa_activate = sa_activate,
		.sa_drain = sa_activate,
		.sa_remove = sa_remove,
		.roster_set = roster_set,
		.read_sas = read_sas,
		.read_sent = read_sent,
	};
	const struct effects effects = {
		.ops = &ops,
		.dataplane = &world.dataplane,
		.send = on_send,
		.note = on_note,
		.random = middle,
	};
	const struct covey_addr vtep = {.family = AF_INET, .bytes = {10, 0, 0, 7}};

	memset(&world, 0, sizeof(world));
	world.now = 1000000;
	must(member_state_new(&effects, &vtep, &world.state) == 0);
}

/* --- steps ----------------------------------------------------------------------------------- */

static void closed(void)
{
	if (world.in_session)
		member_state_closed(world.state);
	world.in_session = false;
}

static void after(int status)
{
	if (status)
		closed();
}

static void check_lifetimes(void)
{
	for (size_t i = 0; i < world.dataplane.count; i++)
		must(world.dataplane.sas[i].expires > world.now);
}

/* No group but a wanted one has SAs, and none more than it may. */
static void check_groups(void)
{
	size_t held = 0;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct membership *group = world.state->groups[i];

		held += group ? group->sa_count : 0;
		must(!group || group->sa_count <= COVEY_SAS_PER_GROUP_MAX);
	}
	must(held == world.dataplane.count);
}

static void pass(uint64_t ms)
{
	struct covey_error error;
	uint64_t end = world.now + ms;

	for (unsigned i = 0; i < PASSES_MAX && member_state_deadline(world.state) <= end; i++) {
		uint64_t deadline = member_state_deadline(world.state);

		world.now = deadline > world.now ? deadline : world.now;
		after(member_state_tick(world.state, world.now, &error));
		must(member_state_deadline(world.state) > world.now);
		check_lifetimes();
	}
	if (member_state_deadline(world.state) > end)
		world.now = end;
}

static void opened(void)
{
	struct covey_error error;

	closed();
	world.in_session = true;
	after(member_state_opened(world.state, &error));
}

/* The member connects again, and is let in. */
static void come_back(void)
{
	Covey__Welcome welcome = COVEY__WELCOME__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	struct covey_error error;

	opened();
	welcome.version = COVEY_PROTOCOL_VERSION;
	welcome.instance = world.state->instance ? world.state->instance : 1;
	welcome.heartbeat_s = 10;
	message.body_case = COVEY__MESSAGE__BODY_WELCOME;
	message.welcome = &welcome;
	if (world.in_session)
		after(member_state_received(world.state, &message, world.now, &error));
}

static void receive(const struct record *record)
{
	Covey__Message *message;
	struct covey_error error;

	if (!world.in_session)
		come_back();
	if (!world.in_session)
		return;
	message = wrapped_decode(record);
	world.messages++;
	if (!message) {
		closed(); /* as the channel does */
		return;
	}
	wrapped_check(message);
	if (message->body_case == COVEY__MESSAGE__BODY_SA_INSTALL)
		world.dataplane.lifetime_s = message->sa_install->hard_lifetime_s;
	after(member_state_received(world.state, message, world.now, &error));
	message_free(message);
}

static void step(const struct record *record)
{
	static const int failures[] = {-EEXIST, -ENOMEM, -ENOSPC, -ENOENT, -EINVAL};
	uint64_t number = record_number(record);
	struct covey_error error;

	switch (record->kind % STEP_COUNT) {
	case STEP_TIME:
		pass(number % PASS_MAX_MS);
		return;
	case STEP_OPENED:
		opened();
		return;
	case STEP_CLOSED:
		closed();
		return;
	case STEP_JOIN:
		(void)member_state_join(world.state, names[number % GROUPS_NAMED], &error);
		return;
	case STEP_LEAVE:
		(void)member_state_leave(world.state, names[number % GROUPS_NAMED], &error);
		return;
	case STEP_DATAPLANE_FAILS:
		world.dataplane.fails = failures[number % (sizeof(failures) / sizeof(*failures))];
		return;
	case STEP_SEND_FAILS:
		world.send_fails = -ENOBUFS;
		return;
	case STEP_IMPOSTOR:
		world.dataplane.own_sender += number % 5;
		return;
	default:
		receive(record);
	}
}

static void step_and_check(const struct record *record)
{
	step(record);
	check_groups();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	conversation_have(data, size, step_and_check);
	member_state_free(world.state);
	count(world.messages);
	return 0;
}
