/* SPDX-License-Identifier: BSD-3-Clause */

/* The VNIs that pass in clear: as lists, as sets of rules, and who was heard, as nft lists it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard_clear.h"
#include "guard_heard.h"

#define LIST(...)                                                                                  \
	{                                                                                          \
		(uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)    \
	}

static void test_check(void **state)
{
	const struct {
		struct guard_clear clear;
		const char *says; /* NULL: nothing is wrong */
	} cases[] = {
		{{{NULL, 0}, {NULL, 0}}, NULL},
		{{LIST(0, 7, 0xffffff), {NULL, 0}}, NULL},
		{{LIST(1, 2, 3), LIST(1, 3)}, NULL},
		{{LIST(2, 1), {NULL, 0}}, "not in order"},
		{{LIST(1, 1), {NULL, 0}}, "not in order"},
		{{LIST(0x1000000), {NULL, 0}}, "not in order"},
		{{LIST(1, 2), LIST(2, 1)}, "not in order"},
		{{LIST(1, 3), LIST(2)}, "not accepted"},
		{{{NULL, 0}, LIST(2)}, "not accepted"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct covey_error error = {.text = ""};
		int status = guard_clear_check(&cases[i].clear, &error);

		assert_int_equal(status, cases[i].says ? -EINVAL : 0);
		if (cases[i].says)
			assert_non_null(strstr(error.text, cases[i].says));
	}
}

static void expect_list(struct guard_vnis *vnis, size_t count, const uint32_t *list)
{
	assert_int_equal(vnis->count, count);
	if (count)
		assert_memory_equal(vnis->list, list, count * sizeof(*list));
	free(vnis->list);
}

static void test_join(void **state)
{
	const struct guard_vnis a = LIST(1, 3, 5, 9), b = LIST(2, 3, 10), none = {NULL, 0};
	struct guard_vnis both;

	assert_int_equal(guard_clear_join(&a, &b, &both), 0);
	expect_list(&both, 6, (uint32_t[]){1, 2, 3, 5, 9, 10});
	assert_int_equal(guard_clear_join(&none, &b, &both), 0);
	expect_list(&both, 3, b.list);
	assert_int_equal(guard_clear_join(&a, &none, &both), 0);
	expect_list(&both, 4, a.list);
}

/* As nft 1.0.6 lists them. */
#define LISTED                                                                                     \
	"table inet covey_guard_covey0 {\n\tcomment \"covey\"\n"                                   \
	"\tset clear {\n\t\ttypeof @th,96,24\n\t\telements = { 0x1, 0x64, 0xffffff }\n\t}\n\n"     \
	"\tset observed {\n\t\ttypeof @th,96,24\n\t\telements = { 0x1 }\n\t}\n}\n"                 \
	"table netdev covey_guard_covey0 {\n"                                                      \
	"\tset clear {\n\t\ttypeof @th,96,24\n\t\telements = { 0x1,\n\t\t\t     0x64, 0xffffff "   \
	"}\n\t}\n\n\tset empty {\n\t\ttypeof @th,96,24\n\t}\n\n"                                   \
	"\tchain x {\n\t\tudp dport { 1, 2 } accept\n\t}\n}\n"

static void test_read(void **state)
{
	struct guard_clear clear;

	assert_int_equal(guard_clear_read(LISTED, &clear), 0);
	assert_int_equal(clear.accepted.count, 3);
	assert_int_equal(clear.accepted.list[2], 0xffffff);
	assert_int_equal(clear.steered.count, 2);
	assert_int_equal(clear.steered.list[0], 100);
	guard_clear_free(&clear);
	assert_int_equal(guard_clear_read("", &clear), 0);
	assert_int_equal(clear.accepted.count + clear.steered.count, 0);
	guard_clear_free(&clear);
}

/* No text makes it go wrong, and none makes it find a VNI that is not in a set. */
static void test_cut_anywhere(void **state)
{
	static const char whole[] = LISTED;

	for (size_t len = 0; len < sizeof(whole); len++) {
		char *cut = strndup(whole, len);
		struct guard_clear clear;

		assert_int_equal(guard_clear_read(cut, &clear), 0);
		assert_int_equal(guard_clear_check(&clear, NULL), 0);
		assert_true(clear.accepted.count <= 3);
		guard_clear_free(&clear);
		free(cut);
	}
}

static char *write_sets(const struct guard_clear *clear)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	fprintf(stream, "table inet covey_guard_covey0 {\n");
	guard_clear_write_set(stream, "clear", &clear->accepted);
	guard_clear_write_observed(stream, clear);
	fprintf(stream, "}\ntable netdev covey_guard_covey0 {\n");
	guard_clear_write_set(stream, "clear", &clear->accepted);
	fprintf(stream, "}\n");
	fclose(stream);
	return text;
}

static void test_same_sets(void **state)
{
	const struct guard_clear same = {LIST(1, 100, 0xffffff), LIST(100, 0xffffff)};
	const struct guard_clear others[] = {
		{LIST(1, 100), LIST(100)},
		{LIST(1, 100, 200, 0xffffff), LIST(100, 200, 0xffffff)},
		{LIST(1, 101, 0xffffff), LIST(101, 0xffffff)},
		{LIST(1, 100, 0xffffff), LIST(1, 100, 0xffffff)},
		{LIST(1, 100, 0xffffff), {NULL, 0}},
		{{NULL, 0}, {NULL, 0}},
	};
	char *text = write_sets(&same);

	assert_true(guard_clear_same_sets(text, LISTED));
	free(text);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		text = write_sets(&others[i]);
		assert_false(guard_clear_same_sets(text, LISTED));
		free(text);
	}
}

#define OWN                                                                                        \
	"table netdev covey_guard_covey0/own/12 { # progname covey-host\n\tflags owner\n\n"        \
	"\tset heard_in4 {\n\t\ttypeof ip saddr . @th,96,24\n\t\tsize 4096\n"                      \
	"\t\tflags dynamic,timeout\n\t\ttimeout 1m\n"                                              \
	"\t\telements = { 10.9.0.2 . 0x64 timeout 1m expires 58s counter packets 3 bytes 300,\n"   \
	"\t\t\t     10.9.0.3 . 0x65 counter packets 18446744073709551615 bytes 7 timeout 1m }\n"   \
	"\t}\n\n\tset heard_in6 {\n\t\ttypeof ip6 saddr . @th,96,24\n\t}\n\n"                      \
	"\tset heard_out6 {\n\t\ttypeof ip6 daddr . @th,96,24\n"                                   \
	"\t\telements = { fd09::2 . 0xffffff timeout 1m expires 1s counter packets 1 bytes 9 "     \
	"}\n\t}\n}\n"

static void expect_heard(const struct guard_heard *heard, const char *address, uint32_t vni,
			 uint64_t packets, bool out)
{
	char text[COVEY_ADDR_STRLEN];

	assert_string_equal(covey_addr_format(&heard->address, text), address);
	assert_int_equal(heard->vni, vni);
	assert_true(heard->packets == packets);
	assert_int_equal(heard->out, out);
}

static void test_heard(void **state)
{
	struct guard_heard list[3];

	assert_int_equal(guard_heard_read(OWN, list, 3), 3);
	expect_heard(&list[0], "10.9.0.2", 100, 3, false);
	expect_heard(&list[1], "10.9.0.3", 101, UINT64_MAX, false);
	expect_heard(&list[2], "fd09::2", 0xffffff, 1, true);
	assert_int_equal(list[0].ago_s, 2);
	assert_int_equal(list[1].ago_s, 0);
	assert_int_equal(list[2].ago_s, 59);
	memset(list, 0, sizeof(list));
	assert_int_equal(guard_heard_read(OWN, list, 1), 3);
	assert_int_equal(list[1].vni, 0);
	assert_int_equal(guard_heard_read("", list, 3), 0);
}

/* As nft writes times: without what is 0. */
static void test_how_long_ago(void **state)
{
	static const struct {
		const char *expires;
		uint32_t ago_s;
	} times[] = {
		{"1m", 0},       {"59s996ms", 0}, {"58s4ms", 1},   {"996ms", 59}, {"1m1s", 0},
		{"2d3h4m5s", 0}, {"", 0},         {"nonsense", 0}, {"0s", 0},
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct guard_heard heard;
		char text[256];

		snprintf(text, sizeof(text),
			 "\tset heard_in4 {\n\t\telements = { 10.9.0.2 . 0x64 expires %s counter "
			 "packets 3 bytes 300 }\n\t}\n",
			 times[i].expires);
		assert_int_equal(guard_heard_read(text, &heard, 1), 1);
		assert_int_equal(heard.ago_s, times[i].ago_s);
	}
}

static void test_heard_cut_anywhere(void **state)
{
	static const char whole[] = OWN;

	for (size_t len = 0; len < sizeof(whole); len++) {
		char *cut = strndup(whole, len);
		struct guard_heard list[2];

		assert_true(guard_heard_read(cut, list, 2) <= 3);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),        cmocka_unit_test(test_join),
		cmocka_unit_test(test_read),         cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_same_sets),    cmocka_unit_test(test_heard),
		cmocka_unit_test(test_how_long_ago), cmocka_unit_test(test_heard_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
