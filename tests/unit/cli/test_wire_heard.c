/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What `covey check --wire` says of VXLAN in clear that members have heard: each source once, by
 * name where it has one, and no longer a list than is bounded.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "wire_heard.h"

#define MANY (WIRE_HEARD_MAX + 5)

/* hv1 and hv2 are members, hv3 is none. */
static struct inventory_host hosts[] = {
	{.name = (char *)"hv1", .vtep = {{10, 77, 0, 1}, AF_INET}},
	{.name = (char *)"hv2", .vtep = {{10, 77, 0, 2}, AF_INET}},
	{.name = (char *)"hv3", .vtep = {{10, 77, 0, 3}, AF_INET}},
};
static struct inventory_member members[] = {{.host = 0}, {.host = 1}};
static struct inventory_group group = {
	.name = (char *)"tenants", .members = members, .member_count = 2};
static struct inventory inventory = {
	.hosts = hosts, .host_count = 3, .groups = &group, .group_count = 1};

static int begin(void **state)
{
	static struct wire_heard heard;

	*state = &heard;
	return wire_heard_init(&heard);
}

static int end(void **state)
{
	wire_heard_release(*state);
	return 0;
}

static void take(struct wire_heard *heard, json_t *report, bool observes)
{
	json_t *answer = json_pack("{s:[o]}", "reports", report);

	assert_non_null(answer);
	wire_heard_take(heard, &inventory, &group, answer, observes);
	json_decref(answer);
}

static json_t *report_of(const char *host, const char *from, int packets, bool out)
{
	return json_pack("{s:s, s:b, s:b, s:s, s:[{s:s, s:i, s:i, s:b}], s:b}", "host", host,
			 "done", 1, "looked", 1, "blind", "", "heard", "from", from, "vni", 100,
			 "packets", packets, "out", out, "heard_more", 0);
}

/* As `covey check --wire` prints it. Valid until the next call. */
static const char *text_of(const struct wire_heard *heard)
{
	static char text[8192];
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	wire_heard_print(heard, out);
	fclose(out);
	return text;
}

static void assert_says(const struct wire_heard *heard, const char *words)
{
	if (!strstr(text_of(heard), words))
		fail_msg("\"%s\" does not say \"%s\"", text_of(heard), words);
}

static void nothing_is_heard(void **state)
{
	struct wire_heard *heard = *state;

	take(heard,
	     json_pack("{s:s, s:b, s:b, s:s, s:[], s:b}", "host", "hv1", "done", 1, "looked", 1,
		       "blind", "", "heard", "heard_more", 0),
	     false);
	assert_false(wire_heard_any(heard));
	assert_string_equal(text_of(heard), "");
}

static void each_source_once(void **state)
{
	struct wire_heard *heard = *state;

	for (int i = 0; i < 3; i++) {
		take(heard, report_of("hv1", "10.77.0.99", 5, false), false);
		take(heard, report_of("hv2", "10.77.0.99", 2, false), false);
	}
	take(heard, report_of("hv1", "10.77.0.2", 1, false), false);
	take(heard, report_of("hv2", "10.77.0.2", 1, true), false);
	take(heard, report_of("hv1", "10.77.0.3", 1, false), false);
	assert_true(wire_heard_any(heard));
	assert_int_equal(json_array_size(heard->list), 3);
	assert_says(
		heard,
		"Group tenants: CLEAR VXLAN of VNI 100 from 10.77.0.99, the address of no host of "
		"the inventory: 21 packets or more; came to hv1, hv2.\n");
	assert_says(heard, "from 10.77.0.2, the address of member hv2: 2 packets or more; came to "
			   "hv1; left by "
			   "the uplink of hv2.\n");
	assert_says(heard, "from 10.77.0.3, the address of hv3, which is no member: 1 packets");
	assert_says(heard, "does not go by covey");
}

/* Members send in clear in observe. */
static void in_observe_only_others(void **state)
{
	struct wire_heard *heard = *state;

	take(heard, report_of("hv1", "10.77.0.2", 1, false), true);
	assert_false(wire_heard_any(heard));
	take(heard, report_of("hv1", "10.77.0.3", 1, false), true);
	assert_int_equal(json_array_size(heard->list), 1);
}

static void a_flood_is_bounded(void **state)
{
	struct wire_heard *heard = *state;
	char from[32], host[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(from, sizeof(from), "192.0.2.%d", i);
		take(heard, report_of("hv1", from, 1, false), false);
	}
	assert_int_equal(json_array_size(heard->list), WIRE_HEARD_MAX);
	assert_true(heard->more);
	for (int i = 0; i < MANY; i++) {
		snprintf(host, sizeof(host), "host%d", i);
		take(heard, report_of(host, "192.0.2.0", 1, false), false);
	}
	assert_int_equal(
		json_array_size(json_object_get(json_array_get(heard->list, 0), "came_to")),
		WIRE_HEARD_NAMES_MAX);
	assert_says(heard, "there was more");
}

/* Or more was heard than a member reports: in observe, others may be among it. */
static void more_is_no_good(void **state)
{
	struct wire_heard *heard = *state;
	json_t *report = report_of("hv1", "10.77.0.1", 1, false);

	json_array_clear(json_object_get(report, "heard"));
	json_object_set_new(report, "heard_more", json_true());
	take(heard, json_incref(report), true);
	assert_false(wire_heard_any(heard));
	assert_int_equal(json_array_size(heard->blind), 1);
	assert_says(heard, "hv1 has not looked for other VXLAN in clear: members send in clear in "
			   "observe, and more came than it looks at.\n");
	take(heard, report, false);
	assert_true(wire_heard_any(heard));
}

/* Old members say nothing of having looked; others say why they could not. */
static void who_has_not_looked(void **state)
{
	struct wire_heard *heard = *state;

	for (int i = 0; i < 2; i++)
		take(heard, json_pack("{s:s, s:b, s:s}", "host", "hv1", "done", 1, "blind", ""),
		     false);
	take(heard,
	     json_pack("{s:s, s:b, s:b, s:s}", "host", "hv2", "done", 1, "looked", 0, "blind",
		       "no eyes"),
	     false);
	take(heard, json_pack("{s:s, s:b, s:s}", "host", "hv3", "done", 0, "blind", ""), false);
	assert_false(wire_heard_any(heard));
	assert_int_equal(json_array_size(heard->blind), 2);
	assert_says(heard, "hv1 has not looked for other VXLAN in clear: its covey-host or the "
			   "covey-gkm is older");
	assert_says(heard, "hv2 has not looked for other VXLAN in clear: no eyes.\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_heard),   TEST(each_source_once), TEST(in_observe_only_others),
		TEST(a_flood_is_bounded), TEST(more_is_no_good),  TEST(who_has_not_looked),
	};

	return cmocka_run_group_tests_name("cli: VXLAN in clear that was heard", tests, NULL, NULL);
}
