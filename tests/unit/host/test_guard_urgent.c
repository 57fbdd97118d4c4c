/* SPDX-License-Identifier: BSD-3-Clause */

/* What the guard must look at in the midst of a burst of interfaces' events, and what can wait. */

#include <guard.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static struct guard_config config = {
	.interface = "covey0",
	.local = {.host_interface = "covey0"},
	.steer = {.on = true, .wanted = {.by_routes = true}},
};

static struct guard_standing standing_now(void)
{
	struct guard_standing standing = {
		.index = if_nametoindex("covey0"),
		.host_index = if_nametoindex("covey0"),
		.steer = {.uplinks = {{.name = "eth0", .index = if_nametoindex("eth0")}},
			  .uplink_count = 1},
	};

	return standing;
}

static int set_up(void **state)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	run("ip link add covey0 type veth peer name p0 && ip link add eth0 type veth peer name p1 "
	    "&& "
	    "ip link add eth1 type veth peer name p2");
	return 0;
}

static void test_others_can_wait(void **state)
{
	struct guard_standing standing = standing_now();

	assert_false(guard_is_urgent(&config, &standing));
	run("ip link set eth1 name eth7 && ip link set eth0 up && ip link set eth0 mtu 1400");
	assert_false(guard_is_urgent(&config, &standing));
}

static void expect_urgent(const char *command)
{
	struct guard_standing standing = standing_now();

	run(command);
	assert_true(guard_is_urgent(&config, &standing));
}

static void test_renamed(void **state)
{
	expect_urgent("ip link set eth0 name eth5");
}

static void test_gone(void **state)
{
	expect_urgent("ip link delete eth0");
}

static void test_made_anew(void **state)
{
	expect_urgent("ip link delete eth0 && ip link add eth0 type veth peer name p1");
}

static void test_covey0_gone(void **state)
{
	expect_urgent("ip link delete covey0");
}

/* Uplinks that are named are found without a question to the kernel for each host. */
static void test_named(void **state)
{
	struct guard_standing standing = standing_now();
	struct guard_config named = config;

	named.steer.wanted.by_routes = false;
	assert_true(guard_is_urgent(&named, &standing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_others_can_wait, set_up),
		cmocka_unit_test_setup(test_renamed, set_up),
		cmocka_unit_test_setup(test_gone, set_up),
		cmocka_unit_test_setup(test_made_anew, set_up),
		cmocka_unit_test_setup(test_covey0_gone, set_up),
		cmocka_unit_test_setup(test_named, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
