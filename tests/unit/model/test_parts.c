/* SPDX-License-Identifier: BSD-3-Clause */

/* The small parts: what scalars mean, durations, host ranges, suggestions, names. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "host_range.h"
#include "numbers.h"
#include "rules.h"
#include "scalar.h"
#include "suggest.h"

/* The expectations are what PyYAML's SafeLoader makes of the text (yaml.safe_load). */
static void test_scalar_kinds(void **state)
{
	static const struct {
		const char *text;
		enum scalar_kind kind;
	} cases[] = {
		{"", SCALAR_NULL},
		{"~", SCALAR_NULL},
		{"Null", SCALAR_NULL},
		{"nUll", SCALAR_TEXT},
		{"yes", SCALAR_BOOLEAN},
		{"Off", SCALAR_BOOLEAN},
		{"y", SCALAR_TEXT},
		{"tRue", SCALAR_TEXT},
		{"TRUE", SCALAR_BOOLEAN},
		{"NULL", SCALAR_NULL},
		{"NO", SCALAR_BOOLEAN},
		{"YES", SCALAR_BOOLEAN},
		{"false", SCALAR_BOOLEAN},
		{"False", SCALAR_BOOLEAN},
		{"on", SCALAR_BOOLEAN},
		{"0", SCALAR_INTEGER},
		{"-12", SCALAR_INTEGER},
		{"+1_000", SCALAR_INTEGER},
		{"0x1F", SCALAR_INTEGER},
		{"0b101", SCALAR_INTEGER},
		{"-0x1f", SCALAR_INTEGER},
		{"-", SCALAR_TEXT},
		{"0o17", SCALAR_TEXT},
		{"017", SCALAR_OCTAL},
		{"-00", SCALAR_OCTAL},
		{"+07", SCALAR_OCTAL},
		{"08", SCALAR_TEXT},
		{"1:30", SCALAR_SEXAGESIMAL},
		{"-9:30", SCALAR_SEXAGESIMAL},
		{"+9:30", SCALAR_SEXAGESIMAL},
		{"1:60", SCALAR_TEXT},
		{"01:30", SCALAR_TEXT},
		{"20:30:40", SCALAR_SEXAGESIMAL},
		{"fd00::1", SCALAR_TEXT},
		{"1.5", SCALAR_FLOAT},
		{"1e3", SCALAR_TEXT},
		{"1.e+3", SCALAR_FLOAT},
		{".5", SCALAR_FLOAT},
		{"-.inf", SCALAR_FLOAT},
		{"+.INF", SCALAR_FLOAT},
		{"-.5", SCALAR_TEXT},
		{".NaN", SCALAR_FLOAT},
		{"10.0.0.1", SCALAR_TEXT},
		{"1:30.5", SCALAR_FLOAT},
		{"2026-01-02", SCALAR_DATE},
		{"0026-01-02", SCALAR_DATE},
		{"2026-1-2", SCALAR_TEXT},
		{"2026-1-2 3:04:05", SCALAR_DATE},
		{"200-210", SCALAR_TEXT},
		{"<<", SCALAR_MERGE},
		{"2,3", SCALAR_TEXT},
	};
	struct scalars scalars;

	assert_int_equal(scalars_init(&scalars), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct node node = {.kind = NODE_SCALAR, .plain = true, .text = cases[i].text};

		if (scalar_kind(&scalars, &node) != cases[i].kind)
			fail_msg("\"%s\" is of kind %d", cases[i].text,
				 scalar_kind(&scalars, &node));
		node.plain = false;
		assert_int_equal(scalar_kind(&scalars, &node), SCALAR_TEXT);
	}
	scalars_free(&scalars);
}

static void test_integers(void **state)
{
	int64_t value = 5;

	assert_int_equal(scalar_integer("-1_0", &value), 0);
	assert_int_equal(value, -10);
	assert_int_equal(scalar_integer("0xfF", &value), 0);
	assert_int_equal(value, 255);
	assert_int_equal(scalar_integer("0b11", &value), 0);
	assert_int_equal(value, 3);
	assert_int_equal(scalar_integer("9223372036854775807", &value), 0);
	assert_true(value == INT64_MAX);
	assert_int_equal(scalar_integer("9223372036854775808", &value), -ERANGE);
	assert_true(value == INT64_MAX);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t seconds;
	} cases[] = {
		{"90s", 0, 90},
		{"5m", 0, 300},
		{"1h", 0, 3600},
		{"7d", 0, 604800},
		{"1h30m", 0, 5400},
		{"0s", 0, 0},
		{"", -EINVAL, 9},
		{"h", -EINVAL, 9},
		{"1", -EINVAL, 9},
		{"1w", -EINVAL, 9},
		{"1 h", -EINVAL, 9},
		{"-1h", -EINVAL, 9},
		{"99999999999999999999s", -ERANGE, 9},
		{"18446744073709551615d", -ERANGE, 9},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t seconds = 9;

		assert_int_equal(duration_parse(cases[i].text, &seconds), cases[i].result);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static int join_names(const char *name, void *arg)
{
	strcat(strcat(arg, name), " ");
	return 0;
}

static int stop(const char *name, void *arg)
{
	++*(int *)arg;
	return 7;
}

/* The expectations are what Ansible 2.14 makes of the patterns (_expand_hostpattern). */
static void test_host_range(void **state)
{
	static const char *const cases[][2] = {
		{"a", "a "},
		{"a[1:3]", "a1 a2 a3 "},
		{"a[:2]b", "a0b a1b a2b "},
		{"a[08:12:2]", "a08 a10 a12 "},
		{"[y:B]", "y z A B "},
		{"[a:b][1:2]", "a1 a2 b1 b2 "},
		{"a:22", "a "},
		{"a[1:2]:22", "a1 a2 "},
		{"fd00::1", "fd00::1 "},
		{"2001:db8:0:0:0:0:0:1", "2001:db8:0:0:0:0:0:1 "},
		{"[2001:db8::12]:22", "2001:db8::12 "},
		{"[::1:2]:22", "::1:2 "},
		{"[1:2:3:4:5:6:7:8]:9", "1:2:3:4:5:6:7:8 "},
		{"[fe80::1%eth0]:22", "fe80::1%eth0 "},
		{"[::ffff:1.2.3.4]:22", "::ffff:1.2.3.4 "},
		{"[2001:db8::[1:3]]:22", "2001:db8::1 2001:db8::2 2001:db8::3 "},
		{"2001:db8::[1:2]", "2001:db8::1 2001:db8::2 "},
		{"[10.0.0.1]:22", "10.0.0.1 "},
		{"[hv1]:22", "hv1 "},
		{"[hv[1:2]]:22", "hv1 hv2 "},
		{"[1:3]:22", "1 "},
		{"[1:2:3]:22", "1:22 "},
		{"[a:c]:22", "a:22 b:22 c:22 "},
		{"[1:2][3:4]:22", "13:22 14:22 23:22 24:22 "},
		{"hv1:", "hv1: "},
		{"hv1:x", "hv1:x "},
		{"hv-1-:22", "hv-1-:22 "},
	};
	const char *reason = NULL;
	int count = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char names[256] = "";

		assert_int_equal(host_range_expand(cases[i][0], join_names, names, &reason), 0);
		assert_string_equal(names, cases[i][1]);
	}
	assert_int_equal(host_range_expand("a[1:9]", stop, &count, &reason), 7);
	assert_int_equal(count, 1);
	assert_int_equal(host_range_expand("[1:1][1:1][1:1][1:1][1:1][1:1][1:1][1:1][1:1]", stop,
					   &count, &reason),
			 -EINVAL);
	assert_string_equal(reason, "too many ranges in one host name");
}

static void test_suggestions(void **state)
{
	static const char *const cases[][3] = {
		{"hv1", "hv2", " (did you mean hv2?)"},
		{"covey_vtpe", "covey_vtep", " (did you mean covey_vtep?)"},
		{"Sender", "sender", " (did you mean sender?)"},
		{"abc", "xyz", ""},
		{"tenants", "storage", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct suggestion suggestion = suggestion_start(cases[i][0]);
		char text[SUGGESTION_SIZE];

		suggestion_try(&suggestion, cases[i][1]);
		assert_string_equal(suggestion_format(&suggestion, text), cases[i][2]);
	}
}

/* The nearest one, and of equals the first. */
static void test_suggestion_nearest(void **state)
{
	struct suggestion suggestion = suggestion_start("grups");

	suggestion_try(&suggestion, "drops");
	suggestion_try(&suggestion, "groups");
	suggestion_try(&suggestion, "grupss");
	assert_string_equal(suggestion.best, "groups");
}

static void test_names(void **state)
{
	char longest[COVEY_NAME_MAX + 2];

	memset(longest, 'a', sizeof(longest));
	longest[COVEY_NAME_MAX + 1] = '\0';
	assert_non_null(fabric_name_rule(longest));
	assert_non_null(host_name_rule(longest));
	longest[COVEY_NAME_MAX] = '\0';
	assert_null(fabric_name_rule(longest));
	assert_null(host_name_rule(longest));
	assert_non_null(fabric_name_rule("Aa"));
	assert_null(host_name_rule("Aa.b-c_d"));
	assert_non_null(host_name_rule("ca"));
	assert_non_null(host_name_rule("gkm"));
	assert_null(host_name_rule("gkm1"));
	assert_non_null(host_name_rule(""));
	assert_non_null(host_name_rule(".."));
	assert_non_null(host_name_rule("a/b"));
	assert_null(interface_rule("abcdefghijklmno"));
	assert_non_null(interface_rule("abcdefghijklmnop"));
	assert_non_null(interface_rule(""));
	assert_non_null(interface_rule("."));
	assert_non_null(interface_rule("a b"));
	assert_null(cores_rule("0,2-3"));
	assert_non_null(cores_rule("1024"));
	assert_non_null(cores_rule("1,"));
	assert_non_null(cores_rule("1-"));
	assert_non_null(cores_rule("99999999999999999999"));
	assert_null(metrics_rule("0.0.0.0:1"));
	assert_null(metrics_rule("[::1]:9798"));
	assert_null(metrics_rule("unix:/a"));
	assert_null(metrics_rule("off"));
	assert_non_null(metrics_rule(""));
	assert_non_null(metrics_rule("on"));
	assert_non_null(metrics_rule(":9798"));
	assert_non_null(metrics_rule("::1:9798"));
	assert_non_null(metrics_rule("[127.0.0.1]:9798"));
	assert_non_null(metrics_rule("[]:9798"));
	assert_non_null(metrics_rule("localhost:9798"));
	assert_non_null(metrics_rule("127.0.0.1:"));
	assert_non_null(metrics_rule("127.0.0.1:0"));
	assert_non_null(metrics_rule("127.0.0.1:65536"));
	assert_non_null(metrics_rule("127.0.0.1:1a"));
	assert_non_null(metrics_rule("127.0.0.1:99999999999999999999"));
	assert_non_null(metrics_rule("unix:a"));
	assert_non_null(metrics_rule("unix:/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalar_kinds), cmocka_unit_test(test_integers),
		cmocka_unit_test(test_durations),    cmocka_unit_test(test_host_range),
		cmocka_unit_test(test_suggestions),  cmocka_unit_test(test_suggestion_nearest),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
