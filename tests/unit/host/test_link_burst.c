/* SPDX-License-Identifier: BSD-3-Clause */

/* Events of a real kernel's interfaces: the first one is told at once, a burst of them once. */

#include <clock.h>
#include <link_burst.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EVENTS 40

struct watcher {
	struct event_base *base;
	struct link_burst *burst;
	unsigned told;
	bool urgent;
};

static void changed(void *arg)
{
	struct watcher *watcher = arg;

	watcher->told++;
}

static bool is_urgent(void *arg)
{
	const struct watcher *watcher = arg;

	return watcher->urgent;
}

static int set_up(void **state)
{
	static struct watcher watcher;
	struct covey_error error;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	watcher = (struct watcher){.base = event_base_new()};
	assert_int_equal(
		link_burst_new(watcher.base, changed, is_urgent, &watcher, &watcher.burst, &error),
		0);
	*state = &watcher;
	return 0;
}

static int tear_down(void **state)
{
	struct watcher *watcher = *state;

	link_burst_free(watcher->burst);
	event_base_free(watcher->base);
	return 0;
}

static void cause(const struct watcher *watcher, unsigned number)
{
	char command[64];

	snprintf(command, sizeof(command), "ip link set lo mtu %u", 2000 + number);
	assert_int_equal(system(command), 0);
	event_base_loop(watcher->base, EVLOOP_NONBLOCK);
}

static void run_for(const struct watcher *watcher, unsigned ms)
{
	const struct timeval limit = {.tv_usec = ms * 1000};

	event_base_loopexit(watcher->base, &limit);
	event_base_dispatch(watcher->base);
}

static void test_burst(void **state)
{
	struct watcher *watcher = *state;
	uint64_t begin = clock_ms();
	unsigned told;

	cause(watcher, 0);
	assert_int_equal(watcher->told, 1);
	for (unsigned i = 1; i < EVENTS; i++)
		cause(watcher, i);
	told = watcher->told;
	assert_true(told <= 1 + (clock_ms() - begin) / LINK_BURST_MS);
	/* What came last is not forgotten, and nothing is told twice. */
	run_for(watcher, 4 * LINK_BURST_MS);
	assert_true(watcher->told == told || watcher->told == told + 1);
	told = watcher->told;
	run_for(watcher, 4 * LINK_BURST_MS);
	assert_int_equal(watcher->told, told);
}

static void test_the_last_is_told(void **state)
{
	struct watcher *watcher = *state;

	cause(watcher, 0);
	assert_int_equal(watcher->told, 1);
	run_for(watcher, 4 * LINK_BURST_MS);
	assert_int_equal(watcher->told, 1);
	cause(watcher, 1);
	assert_int_equal(watcher->told, 2);
	cause(watcher, 2); /* so soon that it waits, unless this machine is very slow */
	run_for(watcher, 4 * LINK_BURST_MS);
	assert_int_equal(watcher->told, 3);
}

static void test_urgent(void **state)
{
	struct watcher *watcher = *state;

	watcher->urgent = true;
	for (unsigned i = 0; i < EVENTS; i++)
		cause(watcher, i);
	assert_int_equal(watcher->told, EVENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_burst, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_last_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_urgent, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
