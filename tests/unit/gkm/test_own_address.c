/* SPDX-License-Identifier: BSD-3-Clause */

/* Which one of covey_gkm a key manager is, on machines that are played. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "own_address.h"

static size_t address_count;
static struct covey_addr addresses[4];

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len);

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len)
{
	for (size_t i = 0; i < address_count; i++) {
		struct sockaddr_storage own;

		if (covey_addr_to_socket(&addresses[i], 0, &own) == len &&
		    memcmp(&own, address, len) == 0)
			return 0;
	}
	errno = EADDRNOTAVAIL;
	return -1;
}

static void play_machine(size_t count, const char *const *texts)
{
	address_count = count;
	for (size_t i = 0; i < count; i++)
		assert_true(covey_addr_parse(texts[i], &addresses[i]));
}

static struct covey_gkms gkms_of(size_t count, const char *const *texts)
{
	struct covey_gkms gkms = {.count = count};

	for (size_t i = 0; i < count; i++)
		assert_true(covey_addr_parse(texts[i], &gkms.list[i]));
	return gkms;
}

static const char *find(const struct covey_gkms *gkms, const char *given)
{
	static struct covey_error error;
	static char text[COVEY_ADDR_STRLEN];
	struct covey_addr address;

	if (own_address_find(gkms, given, &address, &error) < 0)
		return error.text;
	return covey_addr_format(&address, text);
}

#define TEXTS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static void the_only_one_is_ours(void **state)
{
	const struct covey_gkms gkms = gkms_of(1, TEXTS("192.0.2.1"));

	play_machine(1, TEXTS("198.51.100.7"));
	assert_string_equal(find(&gkms, NULL), "192.0.2.1");
}

static void the_one_that_the_machine_has_is_ours(void **state)
{
	const struct covey_gkms four = gkms_of(2, TEXTS("192.0.2.1", "192.0.2.2"));
	const struct covey_gkms six = gkms_of(2, TEXTS("2001:db8::1", "2001:db8::2"));

	play_machine(3, TEXTS("127.0.0.1", "192.0.2.2", "2001:db8::1"));
	assert_string_equal(find(&four, NULL), "192.0.2.2");
	assert_string_equal(find(&six, NULL), "2001:db8::1");
}

static void none_and_several_are_said(void **state)
{
	const struct covey_gkms gkms = gkms_of(2, TEXTS("192.0.2.1", "192.0.2.2"));

	play_machine(1, TEXTS("198.51.100.7"));
	assert_string_equal(find(&gkms, NULL),
			    "this machine has none of the inventory's key manager addresses "
			    "(covey_gkm: 192.0.2.1, 192.0.2.2): add one of them to an interface, "
			    "or add this machine's to covey_gkm");
	play_machine(2, TEXTS("192.0.2.2", "192.0.2.1"));
	assert_string_equal(find(&gkms, NULL),
			    "this machine has several of the inventory's key manager addresses "
			    "(192.0.2.1, 192.0.2.2): say which one is ours with --address");
}

static void what_is_given_counts(void **state)
{
	const struct covey_gkms gkms = gkms_of(2, TEXTS("192.0.2.1", "192.0.2.2"));

	play_machine(2, TEXTS("192.0.2.2", "192.0.2.1"));
	assert_string_equal(find(&gkms, "192.0.2.1"), "192.0.2.1");
	play_machine(1, TEXTS("198.51.100.7"));
	assert_string_equal(find(&gkms, "192.0.2.2"), "192.0.2.2");
	assert_string_equal(find(&gkms, "192.0.2.3"),
			    "--address 192.0.2.3 is none of the inventory's key managers "
			    "(covey_gkm: 192.0.2.1, 192.0.2.2)");
	assert_string_equal(find(&gkms, "gkm1"), "--address gkm1 is no IP address, like 192.0.2.1");
}

static void a_list_without_ours_is_said(void **state)
{
	const struct covey_gkms gkms = gkms_of(2, TEXTS("192.0.2.1", "192.0.2.2"));
	struct covey_error error = {.text = ""};
	struct covey_addr ours;

	assert_true(covey_addr_parse("192.0.2.2", &ours));
	assert_int_equal(own_address_check(&gkms, &ours, &error), 0);
	assert_true(covey_addr_parse("192.0.2.3", &ours));
	assert_true(own_address_check(&gkms, &ours, &error) < 0);
	assert_non_null(strstr(error.text, "listens on 192.0.2.3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_only_one_is_ours),
		cmocka_unit_test(the_one_that_the_machine_has_is_ours),
		cmocka_unit_test(none_and_several_are_said),
		cmocka_unit_test(what_is_given_counts),
		cmocka_unit_test(a_list_without_ours_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
