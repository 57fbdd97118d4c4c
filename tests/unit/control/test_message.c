/* SPDX-License-Identifier: BSD-3-Clause */

/* Frames and messages: what is sent comes back, what is not a message is refused. */

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <covey/limits.h>

#include "message.h"
#include "roster_columns.h"
#include "secret.h"

#define MUTATIONS 300000

static uint8_t vtep[4] = {10, 0, 0, 1};
static uint8_t tek[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static uint32_t numbers[] = {1, 100, 0xffffff};

static Covey__Hello hello = COVEY__HELLO__INIT;
static Covey__Welcome welcome = COVEY__WELCOME__INIT;
static Covey__Join join = COVEY__JOIN__INIT;
static Covey__Joined joined = COVEY__JOINED__INIT;
static Covey__Refused refused = COVEY__REFUSED__INIT;
static Covey__Leave leave = COVEY__LEAVE__INIT;
static Covey__Left left = COVEY__LEFT__INIT;
static Covey__Roster roster = COVEY__ROSTER__INIT;
static Covey__RosterAck roster_ack = COVEY__ROSTER_ACK__INIT;
static Covey__SaInstall sa_install = COVEY__SA_INSTALL__INIT;
static Covey__SaInstalled sa_installed = COVEY__SA_INSTALLED__INIT;
static Covey__SaActivate sa_activate = COVEY__SA_ACTIVATE__INIT;
static Covey__SaDrain sa_drain = COVEY__SA_DRAIN__INIT;
static Covey__SaUse uses[2] = {COVEY__SA_USE__INIT, COVEY__SA_USE__INIT};
static Covey__SaUse *use[2] = {&uses[0], &uses[1]};
static Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
static Covey__SaFloors sa_floors = COVEY__SA_FLOORS__INIT;
static Covey__SaActivated sa_activated = COVEY__SA_ACTIVATED__INIT;
static Covey__GroupMode group_mode = COVEY__GROUP_MODE__INIT;
static Covey__GroupModeInForce in_force = COVEY__GROUP_MODE_IN_FORCE__INIT;
static Covey__ProbeRequest probe_request = COVEY__PROBE_REQUEST__INIT;
static Covey__ProbeOrder probe_order = COVEY__PROBE_ORDER__INIT;
static Covey__ProbeReport probe_report = COVEY__PROBE_REPORT__INIT;
static Covey__GroupChanged group_changed = COVEY__GROUP_CHANGED__INIT;
static Covey__NotLeading not_leading = COVEY__NOT_LEADING__INIT;
static Covey__LeaderQuestion leader_question = COVEY__LEADER_QUESTION__INIT;
static Covey__LeaderAnswer leader_answer = COVEY__LEADER_ANSWER__INIT;
static Covey__ProbeSeen seen = COVEY__PROBE_SEEN__INIT, *seen_list[] = {&seen};
static Covey__ProbeHeard probe_heard = COVEY__PROBE_HEARD__INIT, *probe_heards[] = {&probe_heard};
static Covey__ProbeDrop probe_drop = COVEY__PROBE_DROP__INIT, *probe_drops[] = {&probe_drop};
static ProtobufCBinaryData vteps[] = {{4, vtep}};
static Covey__ClearHeard heard = COVEY__CLEAR_HEARD__INIT;
static Covey__ClearHeard *clear[] = {&heard};
static uint64_t esns[] = {UINT64_C(1) << 48 | 7, UINT64_MAX};

#define MESSAGES 25

static Covey__Message messages[MESSAGES];

static void fill_probes(char *text)
{
	static char *to[2];

	to[0] = to[1] = text;
	probe_request = (Covey__ProbeRequest){
		probe_request.base, text, UINT64_MAX, text, 2,     to,   1,
		0xffffff,           3,    numbers,    63,   65535, true, true};
	probe_order = (Covey__ProbeOrder){probe_order.base,
					  text,
					  UINT64_MAX,
					  COVEY__PROBE_ROLE__PROBE_ROLE_END,
					  {32, tek},
					  1,
					  vteps,
					  1,
					  0xffffff,
					  3,
					  numbers,
					  63,
					  65535,
					  1,
					  1};
	seen = (Covey__ProbeSeen){seen.base,  {4, vtep}, 1,     65535, 1,       2, 4,
				  UINT32_MAX, 65535,     65535, 3,     numbers, 1, 65535};
	probe_heard = (Covey__ProbeHeard){probe_heard.base, {4, vtep}, 0xffffff, UINT32_MAX, 1};
	probe_drop = (Covey__ProbeDrop){probe_drop.base, text, UINT64_MAX};
	probe_report = (Covey__ProbeReport){probe_report.base,
					    text,
					    UINT64_MAX,
					    text,
					    COVEY__PROBE_STATE__PROBE_STATE_FAILED,
					    text,
					    1,
					    seen_list,
					    1,
					    probe_drops,
					    text,
					    1,
					    1,
					    probe_heards,
					    1};
}

/* Every field of every message, so that a round trip that loses one is seen. */
static int fill(void **state)
{
	static char group[] = "tenants", text[] = "text";
	static char *deaf_group = group;

	hello = (Covey__Hello){hello.base, 1,          {4, vtep}, text, UINT64_MAX,
			       UINT32_MAX, UINT64_MAX, 1,         1};
	welcome = (Covey__Welcome){welcome.base, 1, UINT64_C(0xfedcba9876543210), 10};
	join.held_spis = numbers;
	join.n_held_spis = 2;
	join.group = leave.group = left.group = group;
	joined.group = group;
	joined.sender_id = 65535;
	joined.epoch = 3;
	joined.may_send = joined.may_receive = 1;
	joined.vnis = numbers;
	joined.n_vnis = 3;
	joined.replay_window = 1024;
	joined.drain_s = 30;
	refused.group = group;
	refused.code = COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID;
	refused.reason = text;
	for (int i = 0; i < 2; i++) {
		uses[i].spi = (uint32_t)i + 256;
		uses[i].packets_sent = UINT64_C(1) << 35;
		uses[i].icv_failures = 1;
		uses[i].window_ids = numbers;
		uses[i].esns = esns;
		uses[i].n_window_ids = uses[i].n_esns = 1;
		uses[i].own_sender = 9;
		uses[i].multicast_received = 11;
		uses[i].listens = 1;
		uses[i].packets_received = UINT64_C(1) << 36;
		uses[i].receives = 1;
	}
	roster.group = group;
	roster.generation = 99;
	roster.full = roster.more = 1;
	roster.sender_ids = roster.epoch_floors = numbers;
	roster.n_sender_ids = 3;
	roster.n_epoch_floors = 2;
	roster.vteps = (ProtobufCBinaryData){4, vtep};
	roster.hosts = (ProtobufCBinaryData){5, (uint8_t *)text};
	roster.removed = numbers;
	roster.n_removed = 3;
	roster_ack.group = group;
	roster_ack.generation = 99;
	sa_install.group = group;
	sa_install.spi = 256;
	sa_install.cipher = COVEY__CIPHER__CIPHER_AES_256_GCM;
	sa_install.key_scope = COVEY__KEY_SCOPE__KEY_SCOPE_SENDER;
	sa_install.tek = (ProtobufCBinaryData){32, tek};
	sa_install.hard_lifetime_s = 86400;
	sa_installed.group = sa_activate.group = sa_drain.group = group;
	sa_installed.spi = sa_activate.spi = sa_drain.spi = 256;
	sa_drain.drain_s = 30;
	heartbeat.use = use;
	heartbeat.n_use = 2;
	heartbeat.deaf_groups = &deaf_group;
	heartbeat.n_deaf_groups = 1;
	heartbeat.perhaps_deaf_groups = &deaf_group;
	heartbeat.n_perhaps_deaf_groups = 1;
	heard.group = group;
	heard.vtep = (ProtobufCBinaryData){4, vtep};
	heard.vni = 0xffffff;
	heard.packets = UINT64_MAX;
	heartbeat.clear = clear;
	heartbeat.n_clear = 1;
	heartbeat.clear_more = &deaf_group;
	heartbeat.n_clear_more = 1;
	sa_activated.group = group_mode.group = in_force.group = group;
	sa_activated.spi = 256;
	group_mode.serial = in_force.serial = UINT64_MAX;
	group_mode.mode = 1;
	group_mode.left_ms = UINT32_MAX;
	group_mode.then = 3;
	sa_floors.group = group;
	sa_floors.spi = 256;
	sa_floors.more = 1;
	sa_floors.sender_ids = sa_floors.window_ids = numbers;
	sa_floors.esns = esns;
	sa_floors.n_sender_ids = sa_floors.n_window_ids = sa_floors.n_esns = 2;
	for (int i = 0; i < MESSAGES; i++) {
		messages[i] = (Covey__Message)COVEY__MESSAGE__INIT;
		messages[i].body_case = (Covey__Message__BodyCase)(i + 1);
	}
	messages[0].hello = &hello;
	messages[1].welcome = &welcome;
	messages[2].join = &join;
	messages[3].joined = &joined;
	messages[4].refused = &refused;
	messages[5].leave = &leave;
	messages[6].left = &left;
	messages[7].roster = &roster;
	messages[8].roster_ack = &roster_ack;
	messages[9].sa_install = &sa_install;
	messages[10].sa_installed = &sa_installed;
	messages[11].sa_activate = &sa_activate;
	messages[12].sa_drain = &sa_drain;
	messages[13].heartbeat = &heartbeat;
	messages[14].sa_floors = &sa_floors;
	messages[15].sa_activated = &sa_activated;
	messages[16].group_mode = &group_mode;
	messages[17].group_mode_in_force = &in_force;
	fill_probes(group);
	messages[18].probe_request = &probe_request;
	messages[19].probe_order = &probe_order;
	messages[20].probe_report = &probe_report;
	group_changed.group = group;
	group_changed.vnis = numbers;
	group_changed.n_vnis = 3;
	group_changed.drain_s = UINT32_MAX;
	messages[21].group_changed = &group_changed;
	not_leading.leader = leader_question.address = (ProtobufCBinaryData){4, vtep};
	not_leading.reason = group;
	leader_question.leads = leader_answer.leads = leader_answer.yield = 1;
	leader_question.generation = leader_question.led_ms = leader_question.instance = UINT64_MAX;
	leader_answer.generation = leader_answer.led_ms = leader_answer.instance = UINT64_MAX;
	messages[22].not_leading = &not_leading;
	messages[23].leader_question = &leader_question;
	messages[24].leader_answer = &leader_answer;
	return 0;
}

static uint8_t *encode(const Covey__Message *message, size_t *ret_len)
{
	uint8_t *frame;

	assert_int_equal(message_encode(message, COVEY_MESSAGE_TO_MEMBER_MAX, &frame, ret_len), 0);
	return frame;
}

static void every_message_comes_back(void **state)
{
	static const char *const names[MESSAGES] = {
		"Hello",        "Welcome",     "Join",
		"Joined",       "Refused",     "Leave",
		"Left",         "Roster",      "RosterAck",
		"SaInstall",    "SaInstalled", "SaActivate",
		"SaDrain",      "Heartbeat",   "SaFloors",
		"SaActivated",  "GroupMode",   "GroupModeInForce",
		"ProbeRequest", "ProbeOrder",  "ProbeReport",
		"GroupChanged", "NotLeading",  "LeaderQuestion",
		"LeaderAnswer",
	};

	for (int i = 0; i < MESSAGES; i++) {
		Covey__Message *decoded;
		size_t len, again_len;
		uint8_t *frame = encode(&messages[i], &len), *again;

		assert_int_equal(message_frame_length(frame, len, 1 << 20), len - 4);
		decoded = message_decode(frame + 4, len - 4);
		assert_non_null(decoded);
		assert_int_equal(decoded->body_case, i + 1);
		assert_string_equal(message_name(decoded), names[i]);
		again = encode(decoded, &again_len);
		assert_int_equal(again_len, len);
		assert_memory_equal(again, frame, len);
		message_free(decoded);
		secret_free(again);
		secret_free(frame);
	}
	message_free(NULL);
}

static void fields_come_back(void **state)
{
	size_t len;
	uint8_t *frame = encode(&messages[7], &len);
	Covey__Message *decoded = message_decode(frame + 4, len - 4);

	assert_non_null(decoded);
	assert_string_equal(decoded->roster->group, "tenants");
	assert_int_equal(decoded->roster->generation, 99);
	assert_int_equal(decoded->roster->n_sender_ids, 3);
	assert_int_equal(decoded->roster->sender_ids[2], 0xffffff);
	assert_int_equal(decoded->roster->n_epoch_floors, 2);
	assert_memory_equal(decoded->roster->vteps.data, vtep, 4);
	assert_int_equal(decoded->roster->hosts.len, 5);
	assert_memory_equal(decoded->roster->hosts.data, "text", 5);
	assert_int_equal(decoded->roster->n_removed, 3);
	assert_int_equal(decoded->roster->removed[2], 0xffffff);
	message_free(decoded);
	secret_free(frame);
}

static void truncation_anywhere_is_refused(void **state)
{
	for (int i = 0; i < MESSAGES; i++) {
		size_t len;
		uint8_t *frame = encode(&messages[i], &len);

		for (size_t cut = 0; cut < len - 4; cut++) {
			/* Exactly as long as it is said to be: a read behind it is found. */
			uint8_t *part = malloc(cut ? cut : 1);

			memcpy(part, frame + 4, cut);
			assert_null(message_decode(part, cut));
			free(part);
		}
		for (size_t cut = 2; cut < len - 4; cut++) {
			/* The frame is honest, the body inside ends early. */
			frame[5] = (uint8_t)(cut - 2);
			message_free(message_decode(frame + 4, cut));
		}
		secret_free(frame);
	}
}

static void one_body_and_nothing_else(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
		bool accepted;
	} rows[] = {
		{{0x1a, 0x00}, 2, true},                           /* Join without a group */
		{{0x1a, 0x03, 0x0a, 0x01, 'g'}, 5, true},          /* Join */
		{{0x1a, 0x05, 0x0a, 0x01, 'g', 0x78, 1}, 7, true}, /* a field of the future in it */
		{{0}, 0, false},                                   /* nothing */
		{{0x1a}, 1, false},                                /* no length */
		{{0x1a, 0x00, 0x00}, 3, false},                    /* trailing byte */
		{{0x1a, 0x00, 0x1a, 0x00}, 4, false},              /* the same body twice */
		{{0x1a, 0x00, 0x32, 0x00}, 4, false},              /* two bodies */
		{{0x1a, 0x00, 0xfa, 0x01, 0x00}, 5, false},        /* an unknown one behind */
		{{0x8a, 0x01, 0x00}, 3, true},                     /* GroupMode, empty */
		{{0xd2, 0x01, 0x00}, 3, false},                    /* body 26 */
		{{0xfa, 0x01, 0x00}, 3, false},                    /* body 31 */
		{{0x18, 0x00}, 2, false},                          /* Join as a number */
		{{0x1b, 0x1c}, 2, false},                          /* Join as a group */
		{{0x1a, 0x01}, 2, false},                          /* longer than it is */
		{{0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f}, 6, false},  /* 4 GiB */
		{{0x1a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 7, false}, /* endless varint */
		{{0x02, 0x00}, 2, false},                               /* field 0 */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		Covey__Message *message = message_decode(rows[i].bytes, rows[i].len);

		if (!!message != rows[i].accepted)
			fail_msg("row %zu", i);
		message_free(message);
	}
}

static void frame_length_is_bounded(void **state)
{
	static const struct {
		uint8_t bytes[4];
		size_t len;
		long result;
	} rows[] = {
		{{0, 0, 0, 1}, 0, 0},
		{{0, 0, 0, 1}, 3, 0},
		{{0, 0, 0, 1}, 4, 1},
		{{0, 0, 0, 0}, 4, -EMSGSIZE},
		{{0, 0, 0x40, 0}, 4, 16384},
		{{0, 0, 0x40, 1}, 4, -EMSGSIZE},
		{{0x80, 0, 0, 0}, 4, -EMSGSIZE},
		{{0xff, 0xff, 0xff, 0xff}, 4, -EMSGSIZE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(message_frame_length(rows[i].bytes, rows[i].len, 16384),
				 rows[i].result);
}

static void encode_refuses_what_is_too_long(void **state)
{
	size_t len = 1, full;
	uint8_t *frame = NULL, *whole = encode(&messages[0], &full);
	Covey__Message empty = COVEY__MESSAGE__INIT;

	assert_int_equal(message_encode(&messages[0], full - 5, &frame, &len), -EMSGSIZE);
	assert_int_equal(message_encode(&empty, 100, &frame, &len), -EMSGSIZE);
	assert_null(frame);
	assert_int_equal(len, 1);
	assert_int_equal(message_encode(&messages[0], full - 4, &frame, &len), 0);
	assert_string_equal(message_name(&empty), "empty message");
	secret_free(frame);
	secret_free(whole);
}

/* Linked with --wrap: what secret.c takes and gives back, and the most that was out at once. */
static size_t taken, most_taken;

void *__real_malloc(size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t size)
{
	void *memory = __real_malloc(size);

	taken += memory ? malloc_usable_size(memory) : 0;
	most_taken = taken > most_taken ? taken : most_taken;
	return memory;
}

void __wrap_free(void *memory)
{
	taken -= memory ? malloc_usable_size(memory) : 0;
	__real_free(memory);
}

/* 16 KiB of the shortest repeated entries would take more than a megabyte. */
static void decoding_is_bounded_in_memory(void **state)
{
	static uint8_t bytes[COVEY_MESSAGE_TO_GKM_MAX];
	const size_t len = sizeof(bytes) - 4;

	bytes[0] = 0x72; /* Heartbeat */
	bytes[1] = (uint8_t)(len & 0x7f) | 0x80;
	bytes[2] = (uint8_t)(len >> 7 & 0x7f) | 0x80;
	bytes[3] = (uint8_t)(len >> 14);
	for (size_t i = 4; i < sizeof(bytes); i += 2) {
		bytes[i] = 0x0a; /* use */
		bytes[i + 1] = 0;
	}
	taken = most_taken = 0;
	assert_null(message_decode(bytes, sizeof(bytes)));
	assert_true(most_taken > 100000);
	assert_true(most_taken <= (520u << 10));
	assert_int_equal(taken, 0);
}

/* The dearest honest ones must still pass. */
static void honest_messages_are_within_the_bound(void **state)
{
	enum { USES = 2000 };
	static Covey__SaUse many[USES];
	static Covey__SaUse *many_use[USES];
	static struct roster_columns columns;
	struct roster_row row = {.sender_id = 1, .epoch_floor = 2, .host = "", .host_len = 0};
	Covey__Heartbeat big = COVEY__HEARTBEAT__INIT;
	Covey__Roster crowd = COVEY__ROSTER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT, *decoded;
	size_t len;
	uint8_t *frame;

	for (int i = 0; i < USES; i++) {
		many[i] = (Covey__SaUse)COVEY__SA_USE__INIT;
		many[i].spi = 256;
		many_use[i] = &many[i];
	}
	big.use = many_use;
	big.n_use = USES;
	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = &big;
	frame = encode(&message, &len);
	assert_true(len <= COVEY_MESSAGE_TO_GKM_MAX);
	decoded = message_decode(frame + 4, len - 4);
	assert_non_null(decoded);
	assert_int_equal(decoded->heartbeat->n_use, USES);
	message_free(decoded);
	secret_free(frame);

	row.vtep.family = AF_INET;
	while (roster_columns_add(&columns, &row) == 0)
		row.sender_id++;
	roster_columns_fill(&columns, &crowd);
	message.body_case = COVEY__MESSAGE__BODY_ROSTER;
	message.roster = &crowd;
	frame = encode(&message, &len);
	decoded = message_decode(frame + 4, len - 4);
	assert_non_null(decoded);
	assert_int_equal(decoded->roster->n_sender_ids, COVEY_ROSTER_ENTRIES_PER_MESSAGE);
	message_free(decoded);
	secret_free(frame);
}

/* xorshift: the same bytes in every run, so that a failure can be had again. */
static uint32_t next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void mutate(uint8_t *bytes, size_t len, uint32_t *random)
{
	for (unsigned n = 1 + next_random(random) % 4; n > 0; n--) {
		uint8_t *byte = &bytes[next_random(random) % len];

		switch (next_random(random) % 3) {
		case 0:
			*byte ^= (uint8_t)(1u << next_random(random) % 8);
			break;
		case 1:
			*byte = (uint8_t)next_random(random);
			break;
		default:
			*byte = next_random(random) % 2 ? 0xff : 0x80;
			break;
		}
	}
}

/* Nothing to compare with: the sanitizers watch. What does decode must encode to a message. */
static void mutated_messages_do_no_harm(void **state)
{
	uint32_t random = 0x12345678;
	size_t accepted = 0;

	for (int round = 0; round < MUTATIONS; round++) {
		size_t len, again_len;
		uint8_t *frame = encode(&messages[round % MESSAGES], &len), *again;
		uint8_t *bytes = malloc(len - 4);
		Covey__Message *message;

		memcpy(bytes, frame + 4, len - 4);
		mutate(bytes, len - 4, &random);
		message = message_decode(bytes, len - 4);
		if (message) {
			accepted++;
			assert_int_equal(message_encode(message, 1 << 20, &again, &again_len), 0);
			secret_free(again);
		}
		message_free(message);
		free(bytes);
		secret_free(frame);
	}
	assert_true(accepted > MUTATIONS / 100 && accepted < MUTATIONS);
}

static void addresses_come_back(void **state)
{
	static const char *const texts[] = {"10.0.0.1", "2001:db8::1"};
	struct covey_addr addr, again;
	ProtobufCBinaryData data;
	uint8_t bytes[17] = {0};

	for (size_t i = 0; i < 2; i++) {
		assert_true(covey_addr_parse(texts[i], &addr));
		message_addr_set(&data, &addr);
		assert_int_equal(data.len, i == 0 ? 4 : 16);
		assert_int_equal(message_addr_get(&data, &again), 0);
		assert_true(covey_addr_equal(&addr, &again));
	}
	for (size_t len = 0; len <= 17; len++) {
		data = (ProtobufCBinaryData){len, bytes};
		assert_int_equal(message_addr_get(&data, &again),
				 len == 4 || len == 16 ? 0 : -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_comes_back),
		cmocka_unit_test(fields_come_back),
		cmocka_unit_test(truncation_anywhere_is_refused),
		cmocka_unit_test(one_body_and_nothing_else),
		cmocka_unit_test(frame_length_is_bounded),
		cmocka_unit_test(encode_refuses_what_is_too_long),
		cmocka_unit_test(decoding_is_bounded_in_memory),
		cmocka_unit_test(honest_messages_are_within_the_bound),
		cmocka_unit_test(mutated_messages_do_no_harm),
		cmocka_unit_test(addresses_come_back),
	};

	return cmocka_run_group_tests_name("control-message", tests, fill, NULL);
}
