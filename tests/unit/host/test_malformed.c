/* SPDX-License-Identifier: BSD-3-Clause */

/* Messages that make no sense end the session, and change nothing. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

/* The state machine as it is when a message of each kind may come. */
static struct world *world_joined_without_sa(void)
{
	struct world *world = world_new();

	assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world_joined(world, "g", 7, 1), 0);
	assert_int_equal(world_roster(world, "g", 1, true, false, 7, 0), 0);
	world_forget(world);
	return world;
}

static void test_install(void **state)
{
	static const struct {
		uint32_t spi;
		int cipher;
		int key_scope;
		size_t tek_len;
		uint32_t lifetime_s;
		int expected;
	} rows[] = {
		{256, 1, 1, 32, 1, 0},        {UINT32_MAX, 2, 2, 16, UINT32_MAX, 0},
		{255, 1, 1, 32, 1, -EPROTO},  {0, 1, 1, 32, 1, -EPROTO},
		{256, 0, 1, 32, 1, -EPROTO},  {256, 3, 1, 32, 1, -EPROTO},
		{256, -1, 1, 32, 1, -EPROTO}, {256, 1, 0, 32, 1, -EPROTO},
		{256, 1, 3, 32, 1, -EPROTO},  {256, 1, 1, 16, 1, -EPROTO},
		{256, 1, 1, 33, 1, -EPROTO},  {256, 1, 1, 0, 1, -EPROTO},
		{256, 2, 1, 32, 1, -EPROTO},  {256, 1, 1, 32, 0, -EPROTO},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_joined_without_sa();
		uint8_t tek[64] = {1, 2, 3};
		Covey__SaInstall install = COVEY__SA_INSTALL__INIT;
		Covey__Message message = COVEY__MESSAGE__INIT;
		int status;

		install.group = "g";
		install.spi = rows[i].spi;
		install.cipher = (Covey__Cipher)rows[i].cipher;
		install.key_scope = (Covey__KeyScope)rows[i].key_scope;
		install.tek.data = tek;
		install.tek.len = rows[i].tek_len;
		install.hard_lifetime_s = rows[i].lifetime_s;
		message.body_case = COVEY__MESSAGE__BODY_SA_INSTALL;
		message.sa_install = &install;
		status = world_message(world, &message);
		if (status != rows[i].expected)
			fail_msg("row %zu: %d", i, status);
		assert_int_equal(world->dataplane.sa_count, status ? 0 : 1);
		if (status)
			assert_journal(world, "");
		world_free(world);
	}
}

static void test_joined(void **state)
{
	static uint32_t vnis[COVEY_VNIS_PER_GROUP_MAX + 1];
	static const struct {
		uint32_t sender_id;
		uint32_t epoch;
		size_t vni_count;
		uint32_t first_vni;
		uint32_t replay_window;
		int expected;
	} rows[] = {
		{1, 1, 1, 0, 64, 0},
		{65535, 65535, COVEY_VNIS_PER_GROUP_MAX, COVEY_VNI_MAX, 65536, 0},
		{0, 1, 1, 1, 64, -EPROTO},
		{65536, 1, 1, 1, 64, -EPROTO},
		{1, 0, 1, 1, 64, -EPROTO},
		{1, 65536, 1, 1, 64, -EPROTO},
		{1, 1, 0, 1, 64, -EPROTO},
		{1, 1, COVEY_VNIS_PER_GROUP_MAX + 1, 1, 64, -EPROTO},
		{1, 1, 1, COVEY_VNI_MAX + 1, 64, -EPROTO},
		{1, 1, 1, 1, 0, -EPROTO},
		{1, 1, 1, 1, 32, -EPROTO},
		{1, 1, 1, 1, 1000, -EPROTO},
		{1, 1, 1, 1, 131072, -EPROTO},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_new();
		Covey__Joined joined = COVEY__JOINED__INIT;
		Covey__Message message = COVEY__MESSAGE__INIT;
		int status;

		assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
		assert_int_equal(world_open(world, 1), 0);
		world_forget(world);
		vnis[0] = rows[i].first_vni;
		joined.group = "g";
		joined.sender_id = rows[i].sender_id;
		joined.epoch = rows[i].epoch;
		joined.vnis = vnis;
		joined.n_vnis = rows[i].vni_count;
		joined.replay_window = rows[i].replay_window;
		message.body_case = COVEY__MESSAGE__BODY_JOINED;
		message.joined = &joined;
		status = world_message(world, &message);
		if (status != rows[i].expected)
			fail_msg("row %zu: %d", i, status);
		if (status)
			assert_journal(world, "");
		world_free(world);
	}
}

static void test_welcome(void **state)
{
	static const struct {
		uint32_t version;
		uint64_t instance;
		uint32_t heartbeat_s;
		int expected;
	} rows[] = {
		{1, 5, 1, 0},        {1, 5, UINT32_MAX, 0}, {0, 5, 10, -EPROTO},
		{2, 5, 10, -EPROTO}, {1, 0, 10, -EPROTO},   {1, 5, 0, -EPROTO},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_new();
		Covey__Welcome welcome = COVEY__WELCOME__INIT;
		Covey__Message message = COVEY__MESSAGE__INIT;

		assert_int_equal(member_state_opened(world->state, &world->error), 0);
		welcome.version = rows[i].version;
		welcome.instance = rows[i].instance;
		welcome.heartbeat_s = rows[i].heartbeat_s;
		message.body_case = COVEY__MESSAGE__BODY_WELCOME;
		message.welcome = &welcome;
		assert_int_equal(world_message(world, &message), rows[i].expected);
		/* Often enough for the GKM not to think us dead, whatever it asked for. */
		if (rows[i].expected == 0)
			assert_true(world->state->heartbeat <= COVEY_HEARTBEAT_SECONDS * 1000);
		world_free(world);
	}
}

/* What else it says is nothing. A Refused is of the session. */
static void name_group(ProtobufCMessage *body, char *name)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(body->descriptor, "group");

	if (field && body->descriptor != &covey__refused__descriptor)
		*(char **)((char *)body + field->offset) = name;
}

/* Every kind of message, empty but for the group, in every state of the session. */
static void test_each_kind_in_each_state(void **state)
{
	static const ProtobufCMessageDescriptor *const kinds[] = {
		&covey__hello__descriptor,        &covey__welcome__descriptor,
		&covey__join__descriptor,         &covey__joined__descriptor,
		&covey__refused__descriptor,      &covey__leave__descriptor,
		&covey__left__descriptor,         &covey__roster__descriptor,
		&covey__roster_ack__descriptor,   &covey__sa_install__descriptor,
		&covey__sa_installed__descriptor, &covey__sa_activate__descriptor,
		&covey__sa_drain__descriptor,     &covey__heartbeat__descriptor,
		&covey__sa_floors__descriptor,    &covey__sa_activated__descriptor,
	};
	/* In an open session: of another group, these are outdated and harmless. */
	static const bool harmless[] = {false, false, false, true, false, false, true, true,
					false, true,  false, true, true,  true,  true, false};
	static char *const names[] = {"another", "", "an other"};

	for (int session = SESSION_NONE; session <= SESSION_OPEN; session++) {
		for (size_t i = 0; i < 3 * sizeof(kinds) / sizeof(kinds[0]); i++) {
			size_t kind = i / 3, name = i % 3;
			bool named = name == 0 || kinds[kind] == &covey__heartbeat__descriptor;
			struct world *world = world_with_active_sa();
			Covey__Message message = COVEY__MESSAGE__INIT;
			ProtobufCMessage *body = calloc(1, kinds[kind]->sizeof_message);
			int status;

			protobuf_c_message_init(kinds[kind], body);
			name_group(body, names[name]);
			message.body_case = (Covey__Message__BodyCase)(kind + 1);
			message.hello = (Covey__Hello *)body;
			world->state->session = (enum session_state)session;
			status = world_message(world, &message);
			assert_int_equal(status == 0,
					 session == SESSION_OPEN && harmless[kind] && named);
			assert_journal(world, "");
			assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
			free(body);
			world_free(world);
		}
	}
}

static void test_activate_unknown(void **state)
{
	struct world *world = world_joined_without_sa();

	assert_int_equal(world_activate(world, "g", 256), -EPROTO);
	assert_journal(world, "");
	world_free(world);
}

/* More SAs of one instance than a group may have. */
static void test_too_many_sas(void **state)
{
	struct world *world = world_joined_without_sa();

	for (uint32_t i = 0; i < COVEY_SAS_PER_GROUP_MAX; i++)
		assert_int_equal(world_install(world, "g", 256 + i, 86400), 0);
	assert_int_equal(world_install(world, "g", 300, 86400), -EPROTO);
	assert_int_equal(world->dataplane.sa_count, COVEY_SAS_PER_GROUP_MAX);
	world_free(world);
}

static void count_order(void *arg, const Covey__ProbeOrder *order)
{
	struct world *world = arg;

	world->listens = true; /* as a sign: nothing else looks at it here */
}

/* A good order, and what may be wrong with one. */
static void test_probe_orders(void **state)
{
	static const struct {
		uint64_t id;
		int role;
		size_t nonce_len, vteps, vtep_len, lengths;
		uint32_t vni, length, dscp, source_port;
		int expected;
	} rows[] = {
		{1, 1, 16, 1, 4, 1, 100, 9216, 63, 65535, 0},
		{1, 4, 16, 16, 16, 16, 100, 100, 0, 0, 0},
		{0, 1, 16, 1, 4, 1, 100, 100, 0, 0, -EPROTO},
		{1, 0, 16, 1, 4, 1, 100, 100, 0, 0, -EPROTO},
		{1, 5, 16, 1, 4, 1, 100, 100, 0, 0, -EPROTO},
		{1, 1, 15, 1, 4, 1, 100, 100, 0, 0, -EPROTO},
		{1, 1, 17, 1, 4, 1, 100, 100, 0, 0, -EPROTO},
		{1, 1, 16, 0, 4, 1, 100, 100, 0, 0, -EPROTO},
		{1, 1, 16, 17, 4, 1, 100, 100, 0, 0, -EPROTO},
		{1, 1, 16, 1, 5, 1, 100, 100, 0, 0, -EPROTO},
		{1, 1, 16, 1, 4, 0, 100, 100, 0, 0, -EPROTO},
		{1, 1, 16, 1, 4, 17, 100, 100, 0, 0, -EPROTO},
		{1, 1, 16, 1, 4, 1, 4711, 100, 0, 0, -EPROTO},
		{1, 1, 16, 1, 4, 1, 100, 0, 0, 0, -EPROTO},
		{1, 1, 16, 1, 4, 1, 100, 9217, 0, 0, -EPROTO},
		{1, 1, 16, 1, 4, 1, 100, 100, 64, 0, -EPROTO},
		{1, 1, 16, 1, 4, 1, 100, 100, 0, 65536, -EPROTO},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_joined_without_sa();
		Covey__ProbeOrder order = COVEY__PROBE_ORDER__INIT;
		Covey__Message message = COVEY__MESSAGE__INIT;
		ProtobufCBinaryData vteps[17];
		uint8_t bytes[17] = {0};
		uint32_t lengths[17];
		int status;

		for (size_t j = 0; j < 17; j++) {
			vteps[j] = (ProtobufCBinaryData){rows[i].vtep_len, bytes};
			lengths[j] = rows[i].length;
		}
		world->listens = false;
		world->state->effects.probe_order = count_order;
		order.group = "g";
		order.id = rows[i].id;
		order.role = (Covey__ProbeRole)rows[i].role;
		order.nonce = (ProtobufCBinaryData){rows[i].nonce_len, bytes};
		order.vteps = vteps;
		order.n_vteps = rows[i].vteps;
		order.vni = rows[i].vni == 100 ? member_state_find(world->state, "g")->vnis[0]
					       : rows[i].vni;
		order.lengths = lengths;
		order.n_lengths = rows[i].lengths;
		order.dscp = rows[i].dscp;
		order.source_port = rows[i].source_port;
		message.body_case = COVEY__MESSAGE__BODY_PROBE_ORDER;
		message.probe_order = &order;
		status = world_message(world, &message);
		if (status != rows[i].expected)
			fail_msg("row %zu: %d", i, status);
		assert_int_equal(world->listens, status == 0);
		assert_journal(world, "");
		world_free(world);
	}
}

/* When the queue to the GKM is full the session ends; the next one puts it right. */
static void test_send_fails(void **state)
{
	struct world *world = world_with_active_sa();

	world->send_fails = -ENOBUFS;
	assert_int_equal(world_roster(world, "g", 2, false, false, 9, 0), -EPROTO);
	world->send_fails = -ENOBUFS;
	assert_int_equal(world_install(world, "g", 257, 86400), -EPROTO);
	world->send_fails = -ENOBUFS;
	assert_int_equal(world_pass(world, 10000), -EPROTO);
	member_state_closed(world->state);
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	world->send_fails = -ENOBUFS;
	assert_int_equal(world_open(world, 1), -EPROTO);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_install),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_welcome),
		cmocka_unit_test(test_each_kind_in_each_state),
		cmocka_unit_test(test_activate_unknown),
		cmocka_unit_test(test_too_many_sas),
		cmocka_unit_test(test_probe_orders),
		cmocka_unit_test(test_send_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
