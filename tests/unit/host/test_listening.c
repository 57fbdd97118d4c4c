/* SPDX-License-Identifier: BSD-3-Clause */

/* For which VNIs a host listens, with VXLAN devices of a real kernel. */

#include <inventory.h>
#include <listening.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <uplinks.h>

#include <cmocka.h>

static unsigned searches;
static time_t now_s = 1000;

/* Replace the real ones in what is tested. */
size_t __real_uplinks_find(const struct uplinks_wanted *wanted,
			   struct uplink ret_uplinks[COVEY_UPLINKS_MAX]);
size_t __wrap_uplinks_find(const struct uplinks_wanted *wanted,
			   struct uplink ret_uplinks[COVEY_UPLINKS_MAX]);
size_t __wrap_uplinks_find(const struct uplinks_wanted *wanted,
			   struct uplink ret_uplinks[COVEY_UPLINKS_MAX])
{
	searches++;
	return __real_uplinks_find(wanted, ret_uplinks);
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time)
{
	*ret_time = (struct timespec){.tv_sec = now_s};
	return 0;
}

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* Two uplinks with a VXLAN device on each, one on an interface that is none, and one on covey0. */
static int set_up(void **state)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	run("for i in eth0 eth1 eth2 covey0; do "
	    "ip link add $i type veth peer name p$i && ip link set $i up || exit 1; done; "
	    "add() { ip link add vx$1 type vxlan id $1 group 239.1.1.1 dev $2 dstport 4789 && "
	    "ip link set vx$1 up; }; "
	    "add 100 eth0 && add 101 eth1 && add 102 eth2 && add 103 covey0 && "
	    "ip link add vx104 type vxlan id 104 remote 10.0.0.2 dev eth1 dstport 4789 && "
	    "ip link set vx104 up && "
	    "ip link add vx105 type vxlan id 105 group 239.1.1.1 dev eth1 dstport 4789");
	return 0;
}

static bool listens_to(struct listening *listening, bool kernel, uint32_t vni)
{
	char *given[] = {(char *)"eth0", (char *)"eth1"};
	const struct uplinks_wanted uplinks = {
		.given = given, .given_count = 2, .host_interface = "covey0"};
	const struct listening_place place = {
		.uplinks = kernel ? &uplinks : NULL,
		.host_interface = "covey0",
		.vxlan_port = 4789,
	};

	return listening_to(listening, &place, &vni, 1);
}

static void test_each_uplink(void **state)
{
	struct listening listening = {.count = 0};

	assert_true(listens_to(&listening, true, 100));
	assert_true(listens_to(&listening, true, 101));
	assert_false(listens_to(&listening, true, 102)); /* elsewhere */
	assert_true(listens_to(&listening, true, 103));
	assert_false(listens_to(&listening, true, 104)); /* to one host */
	assert_false(listens_to(&listening, true, 105)); /* down */
	listening_clear(&listening);
	/* A bump in the wire. */
	assert_false(listens_to(&listening, false, 100));
	assert_true(listens_to(&listening, false, 103));
	listening_clear(&listening);
}

/* A search costs a question to the kernel for each host. */
static void test_asked_once_in_a_second(void **state)
{
	struct listening listening = {.count = 0};

	searches = 0;
	for (unsigned i = 0; i < 10; i++)
		listens_to(&listening, true, 100);
	assert_int_equal(searches, 1);
	run("ip link delete vx101");
	assert_true(listens_to(&listening, true, 101));
	now_s++;
	assert_false(listens_to(&listening, true, 101));
	assert_int_equal(searches, 2);
	listening_clear(&listening);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_each_uplink, set_up),
		cmocka_unit_test_setup(test_asked_once_in_a_second, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
