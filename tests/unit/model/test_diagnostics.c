/* SPDX-License-Identifier: BSD-3-Clause */

/* How mistakes are printed: place, reason, line and caret. */

#include <stdlib.h>
#include <string.h>

#include "cases.h"

static void set_source(struct diagnostics *diagnostics, const char *text)
{
	diagnostics_init(diagnostics);
	assert_int_equal(diagnostics_set_source(diagnostics, "f.yaml", text, strlen(text)), 0);
}

static void expect(struct diagnostics *diagnostics, const char *expected)
{
	char *text = diagnostics_text(diagnostics);

	assert_string_equal(text, expected);
	free(text);
	diagnostics_free(diagnostics);
}

static void test_caret(void **state)
{
	struct diagnostics diagnostics;

	set_source(&diagnostics, "one\n  two: x\nthree");
	diagnostics_add(&diagnostics, 2, 8, "wrong %s", "value");
	diagnostics_add(&diagnostics, 3, 1, "last line");
	expect(&diagnostics, "f.yaml:2:8: wrong value\n"
			     "    2 |   two: x\n"
			     "      |        ^\n"
			     "f.yaml:3:1: last line\n"
			     "    3 | three\n"
			     "      | ^\n");
}

static void test_order_and_repetition(void **state)
{
	struct diagnostics diagnostics;

	set_source(&diagnostics, "abc\n");
	diagnostics_add(&diagnostics, 1, 3, "c");
	diagnostics_add(&diagnostics, 1, 1, "b");
	diagnostics_add(&diagnostics, 1, 1, "a");
	diagnostics_add(&diagnostics, 1, 3, "c");
	diagnostics_add(&diagnostics, 0, 0, "all of it");
	assert_int_equal(diagnostics.count, 4);
	expect(&diagnostics, "f.yaml: all of it\n"
			     "f.yaml:1:1: a\n    1 | abc\n      | ^\n"
			     "f.yaml:1:1: b\n    1 | abc\n      | ^\n"
			     "f.yaml:1:3: c\n    1 | abc\n      |   ^\n");
}

/* A tab is one column for YAML; controls must not move the terminal's cursor. */
static void test_controls(void **state)
{
	struct diagnostics diagnostics;

	set_source(&diagnostics, "a\t\033b\n");
	diagnostics_add(&diagnostics, 1, 4, "here\033[2J");
	expect(&diagnostics, "f.yaml:1:4: here?[2J\n"
			     "    1 | a  b\n"
			     "      |    ^\n");
}

/* Columns are characters, not bytes; lines end as YAML ends them. */
static void test_unicode(void **state)
{
	struct diagnostics diagnostics;

	set_source(&diagnostics, "x\r\n\xc3\xa4\xe2\x82\xac: y\rz");
	diagnostics_add(&diagnostics, 2, 5, "y");
	diagnostics_add(&diagnostics, 3, 1, "z");
	expect(&diagnostics, "f.yaml:2:5: y\n"
			     "    2 | \xc3\xa4\xe2\x82\xac: y\n"
			     "      |     ^\n"
			     "f.yaml:3:1: z\n    3 | z\n      | ^\n");
}

static void test_long_line(void **state)
{
	struct diagnostics diagnostics;
	char line[1001], *text, *caret, *quoted;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	line[499] = '!';
	set_source(&diagnostics, line);
	diagnostics_add(&diagnostics, 1, 500, "deep inside");
	text = diagnostics_text(&diagnostics);
	quoted = strchr(text, '\n') + 1;
	caret = strchr(quoted, '\n') + 1;
	assert_in_range(caret - quoted, 100, 130);
	/* The caret stands below the mark. */
	assert_int_equal(strchr(quoted, '!') - quoted, strchr(caret, '^') - caret);
	free(text);
	diagnostics_free(&diagnostics);
}

static void test_line_that_is_not_there(void **state)
{
	struct diagnostics diagnostics;

	set_source(&diagnostics, "a");
	diagnostics_add(&diagnostics, 7, 1, "beyond");
	expect(&diagnostics, "f.yaml:7:1: beyond\n");
}

static void test_bound(void **state)
{
	struct diagnostics diagnostics;
	char *text;

	set_source(&diagnostics, "a");
	for (size_t i = 0; i < COVEY_DIAGNOSTICS_MAX + 5; i++)
		diagnostics_add(&diagnostics, i + 1, 1, "wrong");
	assert_int_equal(diagnostics.count, COVEY_DIAGNOSTICS_MAX);
	text = diagnostics_text(&diagnostics);
	assert_non_null(strstr(text, "f.yaml: and 5 more mistakes, not shown\n"));
	free(text);
	diagnostics_free(&diagnostics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caret),     cmocka_unit_test(test_order_and_repetition),
		cmocka_unit_test(test_controls),  cmocka_unit_test(test_unicode),
		cmocka_unit_test(test_long_line), cmocka_unit_test(test_line_that_is_not_there),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
