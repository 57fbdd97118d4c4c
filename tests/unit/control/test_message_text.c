/* SPDX-License-Identifier: BSD-3-Clause */

/* The form of the text in messages: docs/protocol.md, section 7.2. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <errno.h>
#include <string.h>

#include "message_text.h"

#define A16 "aaaaaaaaaaaaaaaa"
#define A63 A16 A16 A16 "aaaaaaaaaaaaaaa"

static void names_of_groups(void **state)
{
	static const char *const good[] = {"a", "Z", "0", A63, "tenants", "a._-9", "1-"};
	static const char *const bad[] = {"",    A63 "a", ".a",  "-a",        "_a",  "a b",
					  "a\n", "a/b",   "a:b", "t\xc3\xaa", "\xff"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(message_is_group_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(message_is_group_name(bad[i]));
}

/* In each message that has one. */
static void every_group_is_looked_at(void **state)
{
	const ProtobufCMessageDescriptor *all = &covey__message__descriptor;
	struct covey_error error;
	unsigned with_group = 0;

	for (unsigned i = 0; i < all->n_fields; i++) {
		const ProtobufCMessageDescriptor *kind = all->fields[i].descriptor;
		const ProtobufCFieldDescriptor *group =
			protobuf_c_message_descriptor_get_field_by_name(kind, "group");
		union {
			ProtobufCMessage base;
			uint8_t room[512];
		} body;
		Covey__Message message = COVEY__MESSAGE__INIT;
		bool is_refused = kind == &covey__refused__descriptor;

		assert_true(kind->sizeof_message <= sizeof(body));
		protobuf_c_message_init(kind, &body);
		message.body_case = (Covey__Message__BodyCase)all->fields[i].id;
		message.hello = (Covey__Hello *)&body;
		assert_int_equal(message_check_text(&message, &error),
				 group && !is_refused ? -EPROTO : 0);
		if (!group)
			continue;
		with_group++;
		*(char **)(body.room + group->offset) = (char *)"a b";
		assert_int_equal(message_check_text(&message, &error), -EPROTO);
		assert_int_equal(strncmp(error.text, kind->short_name, strlen(kind->short_name)),
				 0);
		*(char **)(body.room + group->offset) = (char *)"a";
		assert_int_equal(message_check_text(&message, &error), 0);
	}
	assert_true(with_group > 10);
}

static void deaf_groups(void **state)
{
	char *names[] = {(char *)"a", (char *)"b"};
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	struct covey_error error;

	heartbeat.deaf_groups = names;
	heartbeat.n_deaf_groups = 2;
	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = &heartbeat;
	assert_int_equal(message_check_text(&message, &error), 0);
	names[0] = (char *)"";
	assert_int_equal(message_check_text(&message, &error), -EPROTO);
	heartbeat.n_deaf_groups = 0;
	heartbeat.perhaps_deaf_groups = names;
	heartbeat.n_perhaps_deaf_groups = 2;
	assert_int_equal(message_check_text(&message, &error), -EPROTO);
	names[0] = (char *)"a";
	assert_int_equal(message_check_text(&message, &error), 0);
}

static void groups_in_which_clear_packets_are_heard(void **state)
{
	Covey__ClearHeard first = COVEY__CLEAR_HEARD__INIT, second = COVEY__CLEAR_HEARD__INIT;
	Covey__ClearHeard *heard[] = {&first, &second};
	char *more[] = {(char *)"a", (char *)"b c"};
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	struct covey_error error;

	first.group = second.group = (char *)"tenants";
	heartbeat.clear = heard;
	heartbeat.n_clear = 2;
	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = &heartbeat;
	assert_int_equal(message_check_text(&message, &error), 0);
	second.group = (char *)"a b";
	assert_int_equal(message_check_text(&message, &error), -EPROTO);
	second.group = (char *)"";
	assert_int_equal(message_check_text(&message, &error), -EPROTO);
	second.group = first.group;
	heartbeat.clear_more = more;
	heartbeat.n_clear_more = 2;
	assert_int_equal(message_check_text(&message, &error), -EPROTO);
	more[1] = (char *)"b";
	assert_int_equal(message_check_text(&message, &error), 0);
}

static void software(void **state)
{
	static const char *const good[] = {"", A63, "covey-host/1.0 (a test)", " ~"};
	static const char *const bad[] = {A63 "a", "a\tb", "\x7f", "\xff", "\xc3\xa9"};
	Covey__Hello hello = COVEY__HELLO__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	struct covey_error error;

	message.body_case = COVEY__MESSAGE__BODY_HELLO;
	message.hello = &hello;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		hello.software = (char *)good[i];
		assert_int_equal(message_check_text(&message, &error), 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		hello.software = (char *)bad[i];
		assert_int_equal(message_check_text(&message, &error), -EPROTO);
	}
}

static void a_zero_byte_ends_a_text(void **state)
{
	static const uint8_t join[] = {0x1a, 5, 0x0a, 3, 'a', 0, 0xff};
	Covey__Message *message = message_decode(join, sizeof(join));
	struct covey_error error;

	assert_non_null(message);
	assert_string_equal(message->join->group, "a");
	assert_int_equal(message_check_text(message, &error), 0);
	message_free(message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_groups),
		cmocka_unit_test(every_group_is_looked_at),
		cmocka_unit_test(deaf_groups),
		cmocka_unit_test(groups_in_which_clear_packets_are_heard),
		cmocka_unit_test(software),
		cmocka_unit_test(a_zero_byte_ends_a_text),
	};

	return cmocka_run_group_tests_name("control-message-text", tests, NULL, NULL);
}
