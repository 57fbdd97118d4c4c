/* SPDX-License-Identifier: BSD-3-Clause */

/* When any one allocation fails, reading an inventory says so: no crash, no leak, no half model. */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

/* Allocations until one fails; negative: none does. */
static long countdown = -1;

static bool fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(memory, count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

static const char good[] = "all:\n"
			   "  vars:\n"
			   "    covey_fabric: f\n"
			   "    covey_gkm: 192.0.2.1\n"
			   "    covey_fabric_interface: e\n"
			   "    covey_groups:\n"
			   "      g: {vnis: [1, \"3-4\"], members: [x, b], send: [b]}\n"
			   "  children: {x: {hosts: {a: {covey_vtep: 10.0.0.1}}}}\n"
			   "  hosts: {b: {covey_vtep: 10.0.0.2, covey_cores: 1}}\n";

/* Its only mistake: a lost diagnostic would make it good. */
static const char bad[] = "all:\n"
			  "  vars:\n"
			  "    covey_fabric: f\n"
			  "    covey_gkm: 192.0.2.1\n"
			  "    covey_groups: {g: {vnis: [1], members: [a], send: [b]}}\n"
			  "  hosts: {a: {covey_vtep: 10.0.0.1, covey_fabric_interface: e},\n"
			  "          b: {covey_vtep: 10.0.0.2, covey_fabric_interface: e}}\n";

/* Parse with the nth allocation failing. Returns what it did, and whether it came to that. */
static int parse(const char *text, long nth, bool *ret_failed)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	int status;

	diagnostics_init(&diagnostics);
	countdown = nth;
	status = inventory_parse("test.yaml", text, strlen(text), &diagnostics, &inventory);
	*ret_failed = countdown < 0;
	countdown = -1;
	assert_int_equal(inventory == NULL, status < 0);
	/* diagnostics_print() has something to say. */
	assert_int_equal(diagnostics.out_of_memory, status == -ENOMEM);
	inventory_free(inventory);
	diagnostics_free(&diagnostics);
	return status;
}

static long fail_each(const char *text, int otherwise)
{
	bool failed = true;
	long nth = 0;

	for (; failed; nth++) {
		int status = parse(text, nth, &failed);

		assert_int_equal(status, failed ? -ENOMEM : otherwise);
	}
	return nth;
}

static void test_good(void **state)
{
	assert_in_range(fail_each(good, 0), 20, 1000);
}

static void test_bad(void **state)
{
	assert_in_range(fail_each(bad, -EINVAL), 20, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
