/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What members say to the key manager, in sequences: several sessions of several hosts, some of
 * them twice, operators between them, a store and channels that fail. gkm_sent.c has what must
 * hold. One execution is a message that a session hears.
 */

#include "clock.h"
#include "conversation.h"
#include "count.h"
#include "evictions.h"
#include "gkm_world.h"
#include "must.h"
#include "rekey.h"
#include "wrapped.h"
#include <errno.h>

enum {
	STEP_RAW = 0,
	STEP_TIME = 17,
	STEP_CONNECT,
	STEP_DISCONNECT,
	STEP_REKEY,
	STEP_EVICT,
	STEP_STORE_FAILS,
	STEP_SEND_FAILS,
	STEP_READMIT,
	STEP_TURN,
	STEP_COUNT
};

#define PASS_MAX_MS UINT64_C(4000000) /* a little more than an hour */

static unsigned messages; /* of this input */
static unsigned speaker;  /* as gkm_world_connect() has them */

/* The member comes again, as it would after a while, and says who it is. */
static void come_back(bool with_hello)
{
	const uint8_t vtep[] = {10, 0, 0, (uint8_t)(speaker % 7 + 1)};
	Covey__Hello hello = COVEY__HELLO__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	gkm_world_connect(speaker);
	hello.version = COVEY_PROTOCOL_VERSION;
	hello.vtep = (ProtobufCBinaryData){.len = sizeof(vtep), .data = (uint8_t *)vtep};
	hello.software = "fuzz";
	hello.modes = true;
	hello.instance = speaker + 1;
	message.body_case = COVEY__MESSAGE__BODY_HELLO;
	message.hello = &hello;
	if (with_hello)
		gkm_world_receive(&message);
}

static void receive(const struct record *record)
{
	Covey__Message *message;

	if (!gkm_world_is_connected())
		come_back(record->kind != COVEY__MESSAGE__BODY_HELLO);
	if (!gkm_world_is_connected())
		return; /* nobody hears it */
	message = wrapped_decode(record);
	if (message)
		wrapped_check(message);
	gkm_world_receive(message);
	message_free(message);
	messages++;
}

/* Of the host and group that a number names; each fifth group is all of them. */
static void change_eviction(uint64_t number, int (*change)(struct manager *, size_t, struct realm *,
							   uint64_t *, struct covey_error *))
{
	struct manager *manager = gkm_world_manager();
	struct realm *realm = &manager->realms[number / GKM_HOSTS % 2];
	struct covey_error error;
	uint64_t written;

	(void)change(manager, number % GKM_HOSTS, number / 8 % 5 ? realm : NULL, &written, &error);
}

static void change_mode(struct group *group, uint64_t number)
{
	const struct mode_request request = {
		.mode = (enum covey_mode)(COVEY_MODE_OBSERVE + number % 3),
		.for_s = number / 3 % 4 == 1 ? number / 12 : 0,
		.confirm_s = number / 3 % 4 == 2 ? number / 12 : 0,
	};

	if (number / 3 % 4 == 3)
		(void)mode_confirm(group, clock_ms());
	else
		(void)mode_change(group, &request, clock_ms());
}

/* Or, for half of the numbers, another mode. */
static void rekey(uint64_t number)
{
	struct realm *realm = &gkm_world_manager()->realms[number % 2];

	if (number / 2 % 2)
		change_mode(realm->served.group, number / 4);
	else
		(void)rekey_want(realm->served.group, REKEY_OPERATOR, 0);
	realm_wake(realm);
}

static void step(const struct record *record)
{
	static const int failures[] = {-ENOSPC, -EIO, -EROFS};
	uint64_t number = record_number(record);

	switch (record->kind % STEP_COUNT) {
	case STEP_TIME:
		gkm_world_pass(number % PASS_MAX_MS);
		return;
	case STEP_CONNECT:
		speaker = (unsigned)(number % 8);
		gkm_world_connect(speaker);
		return;
	case STEP_DISCONNECT:
		gkm_world_disconnect();
		return;
	case STEP_REKEY:
		rekey(number);
		return;
	case STEP_EVICT:
		change_eviction(number, evict);
		return;
	case STEP_STORE_FAILS:
		gkm_world_store_fails(failures[number % 3]);
		return;
	case STEP_SEND_FAILS:
		gkm_world_send_fails(number % 2 ? -ENOBUFS : -ENOMEM);
		return;
	case STEP_READMIT:
		change_eviction(number, readmit);
		return;
	case STEP_TURN:
		gkm_world_turn();
		return;
	default:
		receive(record);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	gkm_world_start();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	gkm_world_begin();
	messages = speaker = 0;
	conversation_have(data, size, step);
	gkm_world_pass(1);
	gkm_world_end();
	count(messages);
	return 0;
}
