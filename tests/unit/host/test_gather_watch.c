/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done, and shown, when packets turn out to be spoiled. Counters, clock and port are the
 * test's. */
#include "gather_rule.h"
#include "gather_watch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>
#include <dataplane.h>
#include <port.h>
#include <string.h>
#include <time.h>

static struct dataplane_counters counters;
static uint64_t later_s; /* than it is */
static bool gathers;
static char note[64];
static struct port fabric = {.note = "untested"};
static unsigned looks;

void __wrap_dataplane_read_counters(const struct dataplane *dataplane,
				    struct dataplane_counters *ret_counters);
bool __wrap_port_kernel_gather(struct port *port, bool on);
void __wrap_port_set_note(struct port *port, const char *text);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time);
int __real_clock_gettime(clockid_t id, struct timespec *ret_time);

void __wrap_dataplane_read_counters(const struct dataplane *dataplane,
				    struct dataplane_counters *ret_counters)
{
	*ret_counters = counters;
	looks++;
}

bool __wrap_port_kernel_gather(struct port *port, bool on)
{
	gathers = on;
	return true;
}

void __wrap_port_set_note(struct port *port, const char *text)
{
	strncpy(note, text, sizeof(note) - 1);
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time)
{
	int status = __real_clock_gettime(id, ret_time);

	ret_time->tv_sec += id == CLOCK_REALTIME ? 0 : (time_t)later_s;
	return status;
}

static void look(struct event_base *base)
{
	unsigned before = looks;

	while (looks == before)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

static void test_watch(void **state)
{
	struct event_base *base = event_base_new();
	struct covey_error error = {0};
	struct gather_watch *watch;

	gathers = true;
	assert_int_equal(gather_watch_new(base, NULL, &fabric, &watch, &error), 0);
	look(base);
	assert_true(gathers);
	counters.spoiled_gathered = GATHER_SPOILED_MIN;
	counters.spoiled_sender = 7;
	look(base);
	assert_false(gathers);
	assert_string_equal(note, "UDP_GRO spoiled packets");
	counters.spoiled_alone = GATHER_SPOILED_MIN;
	look(base);
	assert_true(gathers);
	assert_string_equal(note, "untested");
	later_s += GATHER_OFF_MS / 1000;
	look(base);
	counters.spoiled_gathered += GATHER_SPOILED_MIN;
	look(base);
	assert_false(gathers);
	assert_string_equal(note, "UDP_GRO spoiled packets");
	later_s += GATHER_OFF_MS / 1000;
	look(base);
	assert_true(gathers);
	assert_string_equal(note, "untested");
	gather_watch_free(watch);
	gather_watch_free(NULL);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_watch)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
