/* SPDX-License-Identifier: BSD-3-Clause */

/* What the guard's keeper does when the kernel does not take the rules, in a network namespace. */

#include <clock.h>
#include <errno.h>
#include <event2/event.h>
#include <guard.h>
#include <guard_nft.h>
#include <guard_text.h>
#include <guard_watch.h>
#include <inttypes.h>
#include <sched.h>
#include <secret_source.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct event_base *base;
static struct guard_watch *watch;
static bool refuses;    /* the kernel, whatever it is asked for */
static bool overwrites; /* another covey-host does so, once, with a secret of its own */

#define OUR_SOURCE   UINT64_C(0x020000000001)
#define OTHER_SOURCE UINT64_C(0x020000000002)

static bool succeeds(const char *command)
{
	return system(command) == 0;
}

static int overwrite(const char *commands, struct covey_error *error);

int __wrap_guard_nft_run(const char *commands, struct covey_error *error);
int __real_guard_nft_run(const char *commands, struct covey_error *error);

int __wrap_guard_nft_run(const char *commands, struct covey_error *error)
{
	if (refuses)
		return covey_error_set(error, -EIO, "no room");
	return overwrites ? overwrite(commands, error) : __real_guard_nft_run(commands, error);
}

#define TABLE "netdev covey_guard_eth0"

/* Both put up, ours first. */
static int overwrite(const char *commands, struct covey_error *error)
{
	char command[256];
	int status = __real_guard_nft_run(commands, error);

	overwrites = false;
	snprintf(command, sizeof(command),
		 "nft list table " TABLE " | sed '1i delete table " TABLE "' | "
		 "sed 's/0x0*%" PRIx64 "/0x%" PRIx64 "/' | nft -f -",
		 OUR_SOURCE, OTHER_SOURCE);
	assert_true(succeeds(command));
	return status;
}

int __wrap_guard_nft_run_in(struct guard_nft *nft, const char *commands, struct covey_error *error);
int __real_guard_nft_run_in(struct guard_nft *nft, const char *commands, struct covey_error *error);

int __wrap_guard_nft_run_in(struct guard_nft *nft, const char *commands, struct covey_error *error)
{
	return refuses ? covey_error_set(error, -EIO, "no room")
		       : __real_guard_nft_run_in(nft, commands, error);
}

static struct guard_watch_config config_of_bump(void)
{
	return (struct guard_watch_config){
		.base = base,
		.given = "eth0",
		.guard = {.ports = guard_ports_of((const uint16_t[]){4789}, 1),
			  .vpe_port = 4790,
			  .host_interface = "covey0",
			  .foreign_all = true,
			  .local = {.host_interface = "covey0",
				    .mark = 0x40000000,
				    .source = OUR_SOURCE}},
	};
}

static int set_up_with(bool steers)
{
	static char uplink[] = "eth0";
	static char *const uplinks[] = {uplink};
	struct guard_watch_config config = config_of_bump();
	struct covey_error error;

	if (steers) {
		config.guard.local.source = 0;
		config.given = "covey0";
		config.guard.local_only = true;
		config.guard.steer = (struct steer){
			.on = true,
			.wanted = {.given = uplinks, .given_count = 1, .host_interface = "covey0"}};
	}
	if (unshare(CLONE_NEWNET) != 0 || !succeeds("ip link add eth0 type veth peer name p0 && "
						    "ip link add covey0 type veth peer name p1"))
		return -1;
	base = config.base = event_base_new();
	return base ? guard_watch_new(&config, &watch, &error) : -1;
}

static int set_up(void **state)
{
	return set_up_with(false);
}

static int set_up_steering(void **state)
{
	return set_up_with(true);
}

static int tear_down(void **state)
{
	guard_watch_free(watch);
	event_base_free(base);
	return 0;
}

static bool is_failing(void)
{
	struct guard_status status;

	guard_watch_last(watch, &status);
	return status.failing[0] != '\0';
}

static void serve(unsigned ms)
{
	const struct timeval rest = {.tv_usec = ms * 1000};

	event_base_loopexit(base, &rest);
	event_base_dispatch(base);
}

#define LISTS_9999 "nft list table inet covey_guard_eth0 | grep -q 9999"

/* It must not be forgotten: what is sent to the port leaves in clear until then. */
static void test_foreign_port_refused(void **state)
{
	static const uint16_t port = 9999;
	uint64_t deadline = clock_ms() + 10000;

	assert_false(guard_watch_drops(watch, port));
	refuses = true;
	guard_watch_set_foreign(watch, &port, 1);
	assert_true(is_failing());
	serve(300);
	assert_true(is_failing());
	assert_false(guard_watch_drops(watch, port) || succeeds(LISTS_9999));
	refuses = false;
	while (is_failing() && clock_ms() < deadline)
		serve(20);
	assert_false(is_failing());
	assert_true(guard_watch_drops(watch, port));
	assert_true(succeeds(LISTS_9999));
}

static uint32_t numbers[] = {100, 200};
static const struct guard_clear one = {.accepted = {numbers, 1}}, both = {.accepted = {numbers, 2}};

#define PASSES_CLEAR "nft list table netdev covey_guard_covey0 | grep -q 'elements = { 0x64 }'"

/* It carries the packets itself, so the rules stay as they are in every mode. */
static void test_bump_stays_closed(void **state)
{
	assert_int_equal(guard_watch_set_clear(watch, &one, NULL), 0);
	assert_false(succeeds("nft list ruleset | grep -q 'set clear'"));
	assert_true(
		succeeds("nft list table netdev covey_guard_eth0 | grep -q 'drop.*clear VXLAN'"));
}

/* Then those from before stand. */
static void test_vnis_refused(void **state)
{
	struct guard_status status;
	struct covey_error error = {.text = ""};
	uint64_t deadline = clock_ms() + 10000;

	assert_int_equal(guard_watch_set_clear(watch, &one, &error), 0);
	assert_true(succeeds(PASSES_CLEAR));
	refuses = true;
	assert_int_equal(guard_watch_set_clear(watch, &both, &error), -EIO);
	assert_true(succeeds(PASSES_CLEAR));
	guard_watch_last(watch, &status);
	assert_int_equal(status.clear->accepted.count, 1);
	assert_true(is_failing());
	refuses = false;
	while (is_failing() && clock_ms() < deadline)
		serve(20);
	assert_false(is_failing());
	assert_true(succeeds(PASSES_CLEAR));
	assert_int_equal(guard_watch_set_clear(watch, &both, &error), 0);
	assert_false(succeeds(PASSES_CLEAR));
}

/* --- the secret address, and what another covey-host has put up ------------------------------- */

#define HAS_SOURCE "nft list table netdev covey_guard_eth0 | grep -q '@ll,48,48 set 0x'"
#define HAS_HOOK   "nft list table netdev covey_guard_eth0 | grep -q 'chain local_egress'"

static uint64_t standing_source(void)
{
	uint64_t source;
	char *listing;

	assert_int_equal(guard_nft_list("eth0", false, &listing, NULL), 0);
	source = secret_source_read(listing);
	free(listing);
	return source;
}

/* The dataplane would take no VXLAN any more. */
static void test_anothers_source(void **state)
{
	static const uint16_t port = 9999;

	assert_true(guard_watch_take_source(watch) == OUR_SOURCE);
	overwrites = true;
	guard_watch_set_foreign(watch, &port, 1);
	assert_false(overwrites || is_failing());
	assert_true(standing_source() == OUR_SOURCE);
}

/* A dataplane that was given no address would let it leave. */
static void test_hook_comes_later(void **state)
{
	struct covey_error error;

	assert_true(succeeds("ip link del covey0"));
	assert_int_equal(guard_watch_bind(watch, &error), 0);
	assert_true(guard_watch_take_source(watch) == 0);
	assert_true(succeeds("ip link add covey0 type veth peer name p1"));
	assert_int_equal(guard_watch_bind(watch, &error), 0);
	assert_true(succeeds(HAS_HOOK));
	assert_false(succeeds(HAS_SOURCE));
}

static void keep_with(const struct guard_watch_config *config)
{
	struct covey_error error;

	guard_watch_free(watch);
	watch = NULL;
	assert_int_equal(guard_watch_new(config, &watch, &error), 0);
}

static void put_up_elsewhere(const struct guard_config *config)
{
	int status = 1;
	pid_t child = fork();

	if (child == 0) {
		struct guard_standing standing;
		struct covey_error error;

		_exit(guard_up(config, NULL, &standing, &error) != 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Such a covey-host's rules, put back by its keeper. */
static void test_kept_without_source(void **state)
{
	struct guard_watch_config config = config_of_bump();
	uint64_t deadline = clock_ms() + 60000;

	config.yields = true;
	config.guard.local.unbound = true;
	assert_true(succeeds("nft flush ruleset"));
	keep_with(&config);
	assert_false(succeeds(HAS_HOOK));
	config.guard.interface = "eth0";
	config.guard.local.unbound = false;
	config.guard.local.source = 0;
	put_up_elsewhere(&config.guard);
	serve(20);
	assert_true(succeeds("nft delete table netdev covey_guard_eth0"));
	while (!succeeds(HAS_HOOK) && clock_ms() < deadline)
		serve(20);
	assert_true(succeeds(HAS_HOOK));
	assert_false(succeeds(HAS_SOURCE));
}

/* By the inventory of now, and what stands is of another. */
static void test_started_with_another_inventory(void **state)
{
	struct guard_watch_config config = config_of_bump();

	config.guard.foreign_all = false;
	config.guard.foreign_ports[0] = 7777;
	config.guard.foreign_count = 1;
	config.guard.local.source = OTHER_SOURCE;
	keep_with(&config);
	config.yields = true;
	config.guard.foreign_all = true;
	config.guard.foreign_ports[0] = 9999;
	config.guard.local.source = OUR_SOURCE;
	config.guard.af_packet = true;
	keep_with(&config);
	assert_true(standing_source() == OTHER_SOURCE);
	assert_true(guard_watch_drops(watch, 9999));
	assert_true(succeeds(LISTS_9999));
	assert_true(succeeds("nft list ruleset | grep -q 'covey has taken its own copy'"));
}

static size_t standing_ports(const char *comment, uint16_t *ret_ports)
{
	size_t count;
	char *listing;

	assert_int_equal(guard_nft_list("eth0", false, &listing, NULL), 0);
	count = guard_read_ports(listing, comment, ret_ports, GUARD_FOREIGN_MAX);
	free(listing);
	return count;
}

/* What the covey-host has put up, whose covey_foreign_vxlan is another, is put back as it was. */
static void expect_kept(bool keepers_all, bool all)
{
	static const struct covey_vnis vnis = {100, 100};
	struct guard_watch_config config = config_of_bump();
	uint64_t deadline = clock_ms() + 60000;
	uint16_t ports[GUARD_FOREIGN_MAX];
	struct guard_status status;

	config.guard.vnis = &vnis;
	config.guard.vnis_count = 1;
	config.guard.foreign_count = 1;
	config.guard.foreign_ports[0] = 9999;
	config.guard.foreign_all = keepers_all;
	config.yields = true;
	keep_with(&config);
	guard_watch_read(watch, &status); /* or the kernel has no room for the other's messages */
	config.guard.interface = "eth0";
	config.guard.foreign_ports[0] = 8888;
	config.guard.foreign_all = all;
	put_up_elsewhere(&config.guard);
	guard_watch_read(watch, &status);
	assert_true(succeeds("nft flush ruleset"));
	while (!succeeds(HAS_HOOK) && clock_ms() < deadline)
		serve(20);
	assert_int_equal(standing_ports(all ? GUARD_FOREIGN : GUARD_FOREIGN_VNI, ports), 1);
	assert_int_equal(ports[0], 8888);
	assert_int_equal(standing_ports(all ? GUARD_FOREIGN_VNI : GUARD_FOREIGN, ports), 0);
	assert_true(succeeds("nft flush ruleset"));
}

static void test_kept_by_another_policy(void **state)
{
	expect_kept(true, false);
	expect_kept(false, true);
}

/* --- the inventory ---------------------------------------------------------------------------- */

#define HAS_FABRIC                                                                                 \
	"nft list table inet covey_guard_eth0 | tr -d '\\n\\t' | "                                 \
	"grep -q 'set fabric.*elements = {.*3e8.*}'"

/* It is read again without a change: its list of VNIs is at another place then. */
static void test_same_inventory(void **state)
{
	static const struct covey_vnis again = {1000, 1003};
	struct covey_vnis *before = malloc(sizeof(*before));
	struct guard_watch_config config = config_of_bump();
	uint64_t deadline = clock_ms() + 20000;

	assert_non_null(before);
	*before = again;
	config.guard.foreign_all = false;
	config.guard.foreign_ports[0] = 8472;
	config.guard.foreign_count = 1;
	config.guard.vnis = before;
	config.guard.vnis_count = 1;
	keep_with(&config);
	assert_true(succeeds(HAS_FABRIC));
	guard_watch_set_inventory(watch, &again, 1, false);
	*before = (struct covey_vnis){7, 7};
	free(before);
	assert_true(succeeds("nft delete table inet covey_guard_eth0"));
	while (!succeeds("nft list table inet covey_guard_eth0") && clock_ms() < deadline)
		serve(20);
	assert_true(succeeds(HAS_FABRIC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_foreign_port_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bump_stays_closed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vnis_refused, set_up_steering, tear_down),
		cmocka_unit_test_setup_teardown(test_anothers_source, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hook_comes_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kept_without_source, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_started_with_another_inventory, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_kept_by_another_policy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_same_inventory, set_up, tear_down),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "needs root, for network namespaces\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
