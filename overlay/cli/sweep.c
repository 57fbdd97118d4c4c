/* SPDX-License-Identifier: BSD-3-Clause */

#include "sweep.h"

#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "probe_question.h"
#include "wire_verdict.h"

/* Between these lie the sizes that probes can have. */
#define SIZE_MIN 20
#define SIZE_TOP 9146
#define AT_ONCE  16

/* So many times a limit is given up because longer ones pass after all. */
#define DOUBTS_MAX 3

struct search {
	const struct cli *cli;
	const char *command; /* for messages */
	const char *group;
	const char *from, *to; /* from NULL: this host */
	long passes, fails;    /* the largest known to pass, and the smallest known not to */
	json_t *last;          /* answer */
};

static size_t choose(const struct search *search, json_t *sizes)
{
	long between = search->fails - search->passes - 1;
	long count = between < AT_ONCE ? between : AT_ONCE;

	for (long i = 1; i <= count; i++)
		json_array_append_new(
			sizes, json_integer(search->passes + (between + 1) * i / (count + 1)));
	return (size_t)(count > 0 ? count : 0);
}

static bool ask(struct search *search, json_t *sizes)
{
	json_t *request = json_pack("{s:s, s:[s], s:o}", "command", "probe", "to", search->to,
				    "sizes", sizes);

	if (search->group)
		json_object_set_new(request, "group", json_string(search->group));
	if (search->from)
		json_object_set_new(request, "from", json_string(search->from));
	json_decref(search->last);
	search->last = probe_question_command(search->cli, search->command, request);
	return search->last != NULL;
}

/* What has arrived at the other end, whatever came back. */
static void learn(struct search *search)
{
	const json_t *report = wire_report(search->last, search->to);
	unsigned arrived = wire_set(report, false, "delivered");
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(search->last, "sizes"), i, item) {
		long size = (long)json_integer_value(item);

		if (arrived >> i & 1 && size > search->passes)
			search->passes = size;
	}
	json_array_foreach(json_object_get(search->last, "sizes"), i, item) {
		long size = (long)json_integer_value(item);

		if (!(arrived >> i & 1) && size > search->passes && size < search->fails)
			search->fails = size;
	}
}

static bool run(struct search *search, json_t *sizes)
{
	struct wire_verdict verdict;
	const char *from;
	char text[1024];

	if (!ask(search, sizes))
		return false;
	from = field_text(search->last, "from");
	wire_verdict(search->last, from, search->to, &verdict);
	if (verdict.kind != WIRE_FAILED && verdict.kind != WIRE_CLEAR) {
		learn(search);
		return true;
	}
	fprintf(stderr, "covey %s: %s -> %s: %s\n", search->command, from, search->to,
		wire_verdict_text(&verdict, text, sizeof(text)));
	return false;
}

static bool narrow(struct search *search)
{
	for (;;) {
		json_t *sizes = json_array();

		if (choose(search, sizes) == 0) {
			json_decref(sizes);
			return true;
		}
		if (!run(search, sizes))
			return false;
	}
}

/* What was lost need not have been too large: a few more are sent before the limit is believed. */
static bool find(struct search *search, long top)
{
	bool good = narrow(search);

	for (unsigned i = 0; i < DOUBTS_MAX && good && search->passes < top; i++) {
		const long limit = search->passes;
		json_t *sizes = json_array();

		for (long size = limit + 1; size <= limit + 3 && size <= top; size++)
			json_array_append_new(sizes, json_integer(size));
		search->fails = top + 1;
		good = run(search, sizes);
		if (good && search->passes == limit) {
			search->fails = limit + 1;
			return true;
		}
		good = good && narrow(search);
	}
	return good;
}

/* Where one path ends, another one often does. */
static bool try_hint(struct search *search, long top, long hint)
{
	json_t *sizes = json_array();

	for (long size = hint; size <= hint + 3 && size <= top; size++)
		json_array_append_new(sizes, json_integer(size));
	return run(search, sizes);
}

bool sweep_find(const struct cli *cli, const char *command, const char *group, const char *from,
		const char *to, long top, long hint, struct sweep *ret_sweep)
{
	struct search search = {.cli = cli,
				.command = command,
				.group = group,
				.from = from,
				.to = to,
				.passes = SIZE_MIN - 1,
				.fails = top + 1};
	bool good = hint < SIZE_MIN || hint >= top || try_hint(&search, top, hint);

	if (good && !(hint > 0 && search.passes == hint))
		good = find(&search, top);
	good = good && search.passes >= SIZE_MIN;

	*ret_sweep =
		(struct sweep){.passes = search.passes >= SIZE_MIN ? search.passes : 0,
			       .added = search.last ? (long)field_number(search.last, "added") : 0};
	if (search.last)
		snprintf(ret_sweep->from, sizeof(ret_sweep->from), "%s",
			 field_text(search.last, "from"));
	json_decref(search.last);
	return good;
}

static void print(const struct sweep *found, const char *to)
{
	if (found->passes)
		printf("%s -> %s: tenants' packets of up to %ld bytes pass, which are IP packets "
		       "of "
		       "%ld bytes on the fabric\n",
		       found->from, to, found->passes, found->passes + found->added);
	else
		printf("%s -> %s: nothing passes\n", found->from, to);
}

int sweep(struct cli *cli, const char *host, const char *group)
{
	struct sweep there, back;
	bool good = sweep_find(cli, "ping", group, NULL, host, SIZE_TOP, 0, &there);
	const char *self = there.from;

	if (self[0] == '\0')
		return CLI_FAILURE;
	good &= sweep_find(cli, "ping", group, host, self, SIZE_TOP, 0, &back);
	if (cli->json) {
		json_print(json_pack("{s:b, s:s, s:s, s:I, s:I}", "ok", good, "from", self, "to",
				     host, "largest_there", (json_int_t)there.passes,
				     "largest_back", (json_int_t)back.passes));
		return good ? CLI_OK : CLI_FAILURE;
	}
	print(&there, host);
	snprintf(back.from, sizeof(back.from), "%s", host);
	print(&back, self);
	return good ? CLI_OK : CLI_FAILURE;
}
