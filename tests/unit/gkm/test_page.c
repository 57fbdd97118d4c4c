/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The files of the status page: whatever one of them loads is one of them, and nothing of it stands
 * in the HTML, where the policy that browsers are told forbids it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <page.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct metrics_file *find(const char *name, size_t len)
{
	size_t count;
	const struct metrics_file *files = page_list(&count);

	for (size_t i = 0; i < count; i++)
		if (strlen(files[i].path) == len + 1 && strncmp(files[i].path + 1, name, len) == 0)
			return &files[i];
	return NULL;
}

/* After each of what stands before a file's name, up to the next quote. Returns how many. */
static unsigned check_names(const char *text, const char *before)
{
	unsigned count = 0;

	for (const char *at = strstr(text, before); at; at = strstr(at, before)) {
		at += strlen(before);
		if (!find(at, strcspn(at, "\"")))
			fail_msg("not served: %.*s", (int)strcspn(at, "\""), at);
		count++;
	}
	return count;
}

static void nothing_is_missing(void **state)
{
	size_t count;
	const struct metrics_file *files = page_list(&count);
	unsigned names = 0;

	assert_true(count > 5);
	assert_string_equal(files[0].path, "/");
	for (size_t i = 0; i < count; i++) {
		char *text = strndup(files[i].text, files[i].len);

		assert_non_null(text);
		assert_int_equal(strlen(text), files[i].len);
		names += check_names(text, "src=\"") + check_names(text, " href=\"") +
			 check_names(text, " from \"./");
		free(text);
	}
	assert_true(names > 15);
}

/* The policy: no script and no style within the page, and nothing from elsewhere. */
static void nothing_is_forbidden(void **state)
{
	static const char *const words[] = {"<style",      " style=", " onclick", " onload",
					    "javascript:", "https:",  "eval(",    "innerHTML",
					    "<script>",    "@import", "url("};
	size_t count;
	const struct metrics_file *files = page_list(&count);

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
			if (memmem(files[i].text, files[i].len, words[j], strlen(words[j])))
				fail_msg("%s has %s", files[i].path, words[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_missing),
		cmocka_unit_test(nothing_is_forbidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
