/* SPDX-License-Identifier: BSD-3-Clause */

/* The set of the fabric's VNIs: as it is written against what nftables lists. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard_fabric.h"

static const struct covey_vnis ours[] = {{100, 100}, {200, 4000}, {0xffffff, 0xffffff}};

#define BEGIN "table netdev covey_guard_covey0 {\n"
/* As nft 1.0.6 lists it. */
#define SET(elements)                                                                              \
	"\tset fabric {\n\t\ttypeof @th,96,24\n\t\tflags interval\n" elements "\t}\n\n"
#define ELEMENTS(list) SET("\t\telements = { " list " }\n")
#define OTHERS                                                                                     \
	"\tset clear {\n\t\ttypeof @th,96,24\n\t\telements = { 0x1 }\n\t}\n\n"                     \
	"\tchain first_cut {\n\t\tudp dport { 1, 2 } accept\n\t}\n"
#define AS_ASKED "0x64, 0xc8-0xfa0, 0xffffff"

static const struct {
	const char *name, *listed;
	bool same;
} cases[] = {
	{"as asked", BEGIN ELEMENTS(AS_ASKED) OTHERS "}\n", true},
	{"in lines", BEGIN ELEMENTS("0x64,\n\t\t\t     0xc8-0xfa0,\n\t\t\t     0xffffff") "}\n",
	 true},
	{"in decimal", BEGIN ELEMENTS("100, 200-4000, 16777215") "}\n", true},
	{"in more ranges", BEGIN ELEMENTS("0x64, 0xc8, 0xc9-0xf9f, 0xfa0, 0xffffff") "}\n", true},
	{"behind another table",
	 "table inet covey_guard_covey0 {\n" OTHERS "}\n" BEGIN OTHERS ELEMENTS(AS_ASKED) "}\n",
	 true},
	{"nothing", "", false},
	{"no set", BEGIN OTHERS "}\n", false},
	{"no elements", BEGIN SET("") OTHERS "}\n", false},
	{"the first is gone", BEGIN ELEMENTS("0xc8-0xfa0, 0xffffff") "}\n", false},
	{"the last is gone", BEGIN ELEMENTS("0x64, 0xc8-0xfa0") "}\n", false},
	{"a gap", BEGIN ELEMENTS("0x64, 0xc8-0x12b, 0x12d-0xfa0, 0xffffff") "}\n", false},
	{"one more", BEGIN ELEMENTS("0x64-0x65, 0xc8-0xfa0, 0xffffff") "}\n", false},
	{"one more behind", BEGIN ELEMENTS(AS_ASKED ", 0x1000000") "}\n", false},
	{"cut in a range", BEGIN ELEMENTS("0x64, 0xc8-, 0xffffff") "}\n", false},
	{"no number", BEGIN ELEMENTS("0x64, many") "}\n", false},
	{"in the other family", "table inet covey_guard_covey0 {\n" ELEMENTS(AS_ASKED) "}\n",
	 false},
	{"in both families",
	 "table inet covey_guard_covey0 {\n" ELEMENTS(AS_ASKED) "}\n" BEGIN ELEMENTS(
		 AS_ASKED) "}\n",
	 false},
};

static char *written(void)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	fprintf(stream, BEGIN);
	guard_fabric_write(stream, ours, sizeof(ours) / sizeof(ours[0]));
	fprintf(stream, "}\n");
	fclose(stream);
	return text;
}

static void test_same(void **state)
{
	char *text = written();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (guard_fabric_same(text, cases[i].listed) != cases[i].same)
			fail_msg("%s", cases[i].name);
	assert_true(guard_fabric_same(BEGIN OTHERS "}\n", BEGIN OTHERS "}\n"));
	assert_false(guard_fabric_same(BEGIN OTHERS "}\n", text));
	free(text);
}

static void test_cut_anywhere(void **state)
{
	static const char whole[] = BEGIN ELEMENTS(AS_ASKED);
	char *text = written();

	for (size_t len = 0; len < strlen(whole); len++) {
		char *cut = strndup(whole, len);

		assert_non_null(cut);
		if (len < strlen(whole) - strlen("fff }\n\t}\n\n"))
			assert_false(guard_fabric_same(text, cut));
		else
			guard_fabric_same(text, cut);
		free(cut);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
