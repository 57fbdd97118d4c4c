/* SPDX-License-Identifier: BSD-3-Clause */

/* Files made to exhaust: each is refused in words, in little time and memory. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cases.h"

struct text {
	char *data;
	size_t len;
	FILE *stream;
};

static void text_open(struct text *text)
{
	text->stream = open_memstream(&text->data, &text->len);
	assert_non_null(text->stream);
}

static void repeat(struct text *text, const char *part, size_t count)
{
	while (count--)
		fputs(part, text->stream);
}

/* Parse, expect the error, and one diagnostic that holds the words. Frees the text. */
static void expect(struct text *text, int status, const char *words)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	char *printed;

	assert_int_equal(fclose(text->stream), 0);
	diagnostics_init(&diagnostics);
	assert_int_equal(
		inventory_parse("test.yaml", text->data, text->len, &diagnostics, &inventory),
		status);
	assert_null(inventory);
	printed = diagnostics_text(&diagnostics);
	if (!strstr(printed, words))
		fail_msg("\"%s\" is not in:\n%.2000s", words, printed);
	free(printed);
	diagnostics_free(&diagnostics);
	free(text->data);
}

static void test_depth(void **state)
{
	struct text text;

	text_open(&text);
	repeat(&text, "[", 100000);
	expect(&text, -EINVAL, "test.yaml:1:33: the inventory is nested too deeply here");
}

/* Ten levels of ten aliases each: ten billion nodes for who follows them. */
static void test_billion_laughs(void **state)
{
	struct text text;

	text_open(&text);
	fprintf(text.stream, "all:\n  vars:\n    l0: &l0 lol\n");
	for (int i = 1; i <= 10; i++) {
		fprintf(text.stream, "    l%d: &l%d [", i, i);
		for (int j = 0; j < 10; j++)
			fprintf(text.stream, "%s*l%d", j ? ", " : "", i - 1);
		fprintf(text.stream, "]\n");
	}
	fprintf(text.stream, "    covey_cores: *l10\n");
	expect(&text, -EINVAL, "test.yaml:14:18: covey_cores uses the YAML alias *l10");
}

/* The same through the groups, which are walked. */
static void test_laughing_groups(void **state)
{
	struct text text;

	text_open(&text);
	fprintf(text.stream, "g0: &g0 {hosts: {\"h[1:9]\": }}\n");
	for (int i = 1; i <= 10; i++) {
		fprintf(text.stream, "g%d: &g%d {children: {", i, i);
		for (int j = 0; j < 10; j++)
			fprintf(text.stream, "%sc%d_%d: *g%d", j ? ", " : "", i, j, i - 1);
		fprintf(text.stream, "}}\n");
	}
	expect(&text, -EINVAL, "covey follows no YAML aliases (*g0)");
}

static void test_nodes(void **state)
{
	struct text text;

	text_open(&text);
	fputs("all: [", text.stream);
	repeat(&text, "1,", COVEY_INVENTORY_NODES_MAX);
	fputs("]\n", text.stream);
	expect(&text, -EINVAL, "the inventory has too many values from here on");
}

static void test_size(void **state)
{
	struct text text;

	text_open(&text);
	repeat(&text, "0123456789abcdef", (COVEY_INVENTORY_BYTES_MAX >> 4) + 1);
	expect(&text, -EFBIG,
	       "test.yaml: larger than 16 MiB, so it is no inventory: name the right file");
}

static void test_hosts(void **state)
{
	struct text text;

	text_open(&text);
	fputs("all:\n  hosts:\n    h[1:99999999]:\n", text.stream);
	expect(&text, -EINVAL, "test.yaml:3:5: host h65536 is one too many: the inventory may");
}

static void test_groups(void **state)
{
	struct text text;

	text_open(&text);
	for (int i = 0; i < COVEY_ANSIBLE_GROUPS_MAX; i++)
		fprintf(text.stream, "g%d:\n", i);
	expect(&text, -EINVAL, "group g4094 is one too many: the inventory may have 4096");
}

/* The last of them has all hosts of the others, and one more that is in no other. */
static void test_groups_of_a_host(void **state)
{
	struct text text;

	text_open(&text);
	fprintf(text.stream, "all:\n  vars:\n    covey_fabric: f\n    covey_gkm: 10.0.0.9\n"
			     "    covey_groups:\n");
	for (int i = 0; i <= COVEY_GROUPS_PER_HOST_MAX; i++)
		fprintf(text.stream, "      g%d: {vnis: [%d], members: [%s]}\n", i, i + 1,
			i < COVEY_GROUPS_PER_HOST_MAX ? "h1" : "h2, h1");
	fprintf(text.stream, "  hosts:\n    h1: {covey_vtep: 10.0.0.1, covey_fabric_interface: a}\n"
			     "    h2: {covey_vtep: 10.0.0.2, covey_fabric_interface: a}\n");
	expect(&text, -EINVAL,
	       "test.yaml:262:7: group g256 is one too many for host h1: a host can be in 256");
}

static void test_memberships(void **state)
{
	struct text text;

	text_open(&text);
	for (int i = 0; i < 40; i++)
		fprintf(text.stream, "g%d: {hosts: {\"h[1:65535]\": }}\n", i);
	expect(&text, -EINVAL, "the inventory puts too many hosts into groups");
}

static void test_many_mistakes(void **state)
{
	struct text text;

	text_open(&text);
	fputs("all:\n  vars:\n", text.stream);
	for (int i = 0; i < 100000; i++)
		fprintf(text.stream, "    covey_%d: x\n", i);
	expect(&text, -EINVAL, "more mistakes, not shown");
}

/* As large as an inventory gets: it is read, and in time. */
static void test_largest(void **state)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	struct text text;

	text_open(&text);
	fputs("all:\n  vars:\n    covey_fabric: f\n    covey_gkm: 192.0.2.1\n"
	      "    covey_fabric_interface: e\n"
	      "    covey_groups: {g: {vnis: [\"1-4096\"], members: [hvs]}}\n"
	      "hvs:\n  hosts:\n",
	      text.stream);
	for (unsigned i = 1; i <= COVEY_HOSTS_MAX; i++)
		fprintf(text.stream, "    h%u: {covey_vtep: 10.1.%u.%u, covey_sender_id: %u}\n", i,
			i >> 8, i & 255, i);
	assert_int_equal(fclose(text.stream), 0);
	diagnostics_init(&diagnostics);
	assert_int_equal(
		inventory_parse("test.yaml", text.data, text.len, &diagnostics, &inventory), 0);
	assert_int_equal(inventory->host_count, COVEY_HOSTS_MAX);
	assert_int_equal(inventory->groups[0].member_count, COVEY_HOSTS_MAX);
	assert_int_equal(inventory->groups[0].vni_count, COVEY_VNIS_PER_GROUP_MAX);
	inventory_free(inventory);
	diagnostics_free(&diagnostics);
	free(text.data);
}

static void expect_unreadable(const char *path, int status, const char *expected)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	char *printed;

	diagnostics_init(&diagnostics);
	assert_int_equal(inventory_load(path, &diagnostics, &inventory), status);
	assert_null(inventory);
	printed = diagnostics_text(&diagnostics);
	assert_string_equal(printed, expected);
	free(printed);
	diagnostics_free(&diagnostics);
}

static void test_unreadable(void **state)
{
	char fifo[] = "/tmp/covey-test-XXXXXX";
	char expected[200];

	expect_unreadable("/nonexistent/x.yaml", -ENOENT,
			  "/nonexistent/x.yaml: cannot read it: No such file or directory: name "
			  "the inventory with --inventory FILE\n");
	expect_unreadable("/", -EISDIR,
			  "/: cannot read it: Is a directory: name the file itself\n");
	/* Endless, and one without a writer: neither may hang. */
	expect_unreadable(
		"/dev/zero", -EFBIG,
		"/dev/zero: larger than 16 MiB, so it is no inventory: name the right file\n");
	assert_non_null(mkdtemp(fifo));
	assert_int_equal(rmdir(fifo), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	snprintf(expected, sizeof(expected),
		 "%s: cannot read it: Connection timed out: it is a pipe and nobody writes into "
		 "it; name a file\n",
		 fifo);
	expect_unreadable(fifo, -ETIMEDOUT, expected);
	assert_int_equal(unlink(fifo), 0);
}

/* After all of these, no more than this was ever in use: about twice what the largest needs. */
#ifdef __SANITIZE_ADDRESS__
#define PEAK_KIB (1600L * 1024)
#else
#define PEAK_KIB (400L * 1024)
#endif

static void test_peak_memory(void **state)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	print_message("peak: %ld MiB\n", usage.ru_maxrss >> 10);
	assert_in_range(usage.ru_maxrss, 0, PEAK_KIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_billion_laughs),
		cmocka_unit_test(test_laughing_groups),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_groups_of_a_host),
		cmocka_unit_test(test_memberships),
		cmocka_unit_test(test_many_mistakes),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_peak_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
