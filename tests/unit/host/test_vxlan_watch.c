/* SPDX-License-Identifier: BSD-3-Clause */

/* The marks of VXLAN devices, in a network namespace: somebody removes or changes them. */

#include <clock.h>
#include <event2/event.h>
#include <guard_events.h>
#include <guard_nft.h>
#include <guard_restores.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vxlan_watch.h>

#include <cmocka.h>

#define TABLE "netdev covey_guard_covey0/mark"
#define LOOKS "netdev covey_guard_covey0/in"

static struct event_base *base;
static struct vxlan_watch *watch;
static unsigned installed; /* how often the marks were */
static bool looks_fail;    /* to be installed */
static bool events_lost; /* of rules; then there is a look each 50 ms instead of each half minute */

/* --- what is wrapped -------------------------------------------------------------------------- */

int __wrap_event_add(struct event *event, const struct timeval *timeout);
int __real_event_add(struct event *event, const struct timeval *timeout);
int __wrap_guard_nft_run(const char *commands, struct covey_error *error);
int __real_guard_nft_run(const char *commands, struct covey_error *error);
bool __wrap_guard_events_read(struct guard_events *events, const char *table, const char *own,
			      struct guard_changes *ret_changes);
bool __real_guard_events_read(struct guard_events *events, const char *table, const char *own,
			      struct guard_changes *ret_changes);

int __wrap_event_add(struct event *event, const struct timeval *timeout)
{
	static const struct timeval soon = {.tv_usec = 50000};

	return __real_event_add(event,
				events_lost && timeout && timeout->tv_sec >= 30 ? &soon : timeout);
}

int __wrap_guard_nft_run(const char *commands, struct covey_error *error)
{
	installed += strstr(commands, "covey_guard_covey0/mark") != NULL;
	if (looks_fail && strstr(commands, "covey_guard_covey0/in"))
		return covey_error_set(error, -EIO, "nftables: no room");
	return __real_guard_nft_run(commands, error);
}

bool __wrap_guard_events_read(struct guard_events *events, const char *table, const char *own,
			      struct guard_changes *ret_changes)
{
	return __real_guard_events_read(events, table, own, ret_changes) && !events_lost;
}

/* --- a host ----------------------------------------------------------------------------------- */

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static bool succeeds(const char *command)
{
	return system(command) == 0;
}

static int deliver(const struct guard_ports *held, void *arg, struct covey_error *error)
{
	return 0;
}

static int set_up(void **state)
{
	struct vxlan_watch_config config = {
		.local = {.host_interface = "covey0", .mark = 0x40000000},
		.port = 4789,
		.family = AF_INET,
		.free_vni = 77,
		.deliver = deliver,
	};
	struct covey_error error;

	if (unshare(CLONE_NEWNET) != 0)
		return -1;
	run("ip link add covey0 type veth peer name p0");
	run("ip link add vx0 type vxlan id 100 remote 10.0.0.2 dstport 4789 && "
	    "ip link set vx0 up");
	installed = 0;
	base = config.base = event_base_new();
	return base ? vxlan_watch_new(&config, &watch, &error) : -1;
}

static int set_up_deaf(void **state)
{
	events_lost = true;
	return set_up(state);
}

static int tear_down(void **state)
{
	events_lost = looks_fail = false;
	vxlan_watch_free(watch);
	event_base_free(base);
	return 0;
}

static bool are_marked(void)
{
	return succeeds(
		"nft list table " TABLE " 2>/dev/null | "
		"grep -A 2 'device \"vx0\"' | grep -q 'meta mark set meta mark | 0x40000000'");
}

static void serve(unsigned ms)
{
	const struct timeval rest = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_base_loopexit(base, &rest);
	event_base_dispatch(base);
}

static void wait_for_marks(void)
{
	uint64_t deadline = clock_ms() + 10000;

	while (!are_marked()) {
		assert_true(clock_ms() < deadline);
		serve(20);
	}
	serve(20);
	assert_null(vxlan_watch_failing(watch));
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_removed(void **state)
{
	assert_true(are_marked());
	run("nft delete table " TABLE);
	wait_for_marks();
	assert_int_equal(installed, 2);
}

static void test_changed(void **state)
{
	run("nft add chain " TABLE " other");
	serve(300);
	assert_false(succeeds("nft list chain " TABLE " other 2>/dev/null"));
	assert_true(are_marked());
}

/* What others do to other tables is nothing to us, and what was looked at is not looked at again.
 */
static void test_left_alone(void **state)
{
	run("nft add table inet other");
	serve(300);
	assert_int_equal(installed, 1);
}

static void test_removed_without_an_event(void **state)
{
	run("nft delete table " TABLE);
	wait_for_marks();
}

static void test_new_device(void **state)
{
	run("ip link add vx1 type vxlan id 101 remote 10.0.0.2 dstport 4789");
	serve(300);
	assert_true(succeeds("nft list table " TABLE " | grep -q 'device \"vx1\"'"));
	run("ip link delete vx0");
	serve(300);
	assert_false(succeeds("nft list table " TABLE " | grep -q 'device \"vx0\"'"));
	assert_null(vxlan_watch_failing(watch));
}

/* As often as somebody can, for as long as he likes. */
static void test_removed_all_the_time(void **state)
{
	uint64_t began, seconds;
	bool waited = false;
	pid_t flusher = fork();

	if (flusher == 0) {
		setpgid(0, 0);
		execl("/bin/sh", "sh", "-c", "while :; do nft flush ruleset; done", NULL);
		_exit(1);
	}
	assert_true(flusher > 0);
	began = clock_ms();
	installed = 0;
	while (clock_ms() < began + 3000) {
		serve(10);
		waited |= vxlan_watch_failing(watch) != NULL;
	}
	seconds = (clock_ms() - began) / 1000 + 2;
	kill(-flusher, SIGKILL);
	waitpid(flusher, NULL, 0);
	assert_true(installed >= 3);
	assert_true(installed <= GUARD_RESTORES_PER_S * seconds);
	assert_true(waited);
	wait_for_marks();
}

static bool looks(const char *how)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "nft list table " LOOKS " 2>/dev/null | grep -A 2 'device \"vx0\"' | grep -q '%s'",
		 how);
	return succeeds(command);
}

static void set_accepted(size_t count, uint32_t *list)
{
	const struct guard_vnis accepted = {.list = list, .count = count};

	assert_int_equal(vxlan_watch_set_accepted(watch, &accepted, NULL), 0);
	assert_null(vxlan_watch_failing(watch));
}

/* vx0 has VNI 100. */
static void test_looks(void **state)
{
	uint32_t with[] = {7, 100, 300}, without[] = {7, 99, 101};

	assert_false(succeeds("nft list table " LOOKS " 2>/dev/null"));
	set_accepted(3, without);
	assert_true(looks("5eed:0 counter .* drop"));
	set_accepted(3, with);
	assert_true(looks("5eed:0 meta priority set none"));
	set_accepted(3, without);
	assert_true(looks("drop"));
	run("nft flush ruleset");
	wait_for_marks();
	assert_true(looks("drop"));
	assert_int_equal(installed, 2);
	set_accepted(0, NULL);
	assert_false(succeeds("nft list table " LOOKS " 2>/dev/null"));
	assert_true(are_marked());
}

/* Nothing may come in clear that nobody looks at. */
static void test_looks_fail(void **state)
{
	uint32_t few[] = {100}, more[] = {100, 200};
	const struct guard_vnis both = {.list = more, .count = 2}, one = {.list = few, .count = 1};
	struct covey_error error;

	looks_fail = true;
	assert_int_equal(vxlan_watch_set_accepted(watch, &both, &error), -EAGAIN);
	assert_non_null(strstr(error.text, "no room"));
	assert_int_equal(vxlan_watch_set_accepted(watch, &one, &error), 0);
	assert_int_equal(vxlan_watch_set_accepted(watch, &both, &error), -EAGAIN);
	looks_fail = false;
	assert_int_equal(vxlan_watch_set_accepted(watch, &one, &error), 0);
	assert_int_equal(vxlan_watch_set_accepted(watch, &both, &error), 0);
	assert_true(looks("5eed:0 meta priority set none"));
}

static void test_looks_removed(void **state)
{
	uint32_t some[] = {7};
	uint64_t deadline = clock_ms() + 10000;

	set_accepted(1, some);
	assert_true(looks("drop"));
	run("nft delete table " LOOKS);
	while (!looks("drop")) {
		assert_true(clock_ms() < deadline);
		serve(20);
	}
	assert_int_equal(installed, 1);
}

/* A device without a VNI of its own takes each. */
static void test_looks_of_any_vni(void **state)
{
	uint32_t some[] = {7};

	run("ip link delete vx0 && ip link add vx0 type vxlan external dstport 4789");
	set_accepted(1, some);
	serve(300);
	assert_true(looks("5eed:0 meta priority set none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_without_an_event, set_up_deaf,
						tear_down),
		cmocka_unit_test_setup_teardown(test_new_device, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_all_the_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_looks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_looks_fail, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_looks_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_looks_of_any_vni, set_up, tear_down),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "needs root, for network namespaces\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
