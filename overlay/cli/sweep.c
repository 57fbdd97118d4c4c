/* SPDX-License-Identifier: BSD-3-Clause */

#include "sweep.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "json_text.h"
#include "wire_verdict.h"

/* Between these lie the sizes that probes can have. */
#define SIZE_MIN 20
#define SIZE_TOP 9146
#define AT_ONCE  16

struct search {
	const struct cli *cli;
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
	struct client_daemon daemon = client_host(search->cli);
	json_t *request = json_pack("{s:s, s:[s], s:o}", "command", "probe", "to", search->to,
				    "sizes", sizes);

	if (search->group)
		json_object_set_new(request, "group", json_string(search->group));
	if (search->from)
		json_object_set_new(request, "from", json_string(search->from));
	json_decref(search->last);
	search->last = client_command(&daemon, false, "ping", request);
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

static bool find(struct search *search)
{
	for (;;) {
		json_t *sizes = json_array();
		struct wire_verdict verdict;
		const char *from;

		if (choose(search, sizes) == 0) {
			json_decref(sizes);
			return true;
		}
		if (!ask(search, sizes))
			return false;
		from = field_text(search->last, "from");
		wire_verdict(search->last, from, search->to, &verdict);
		if (verdict.kind == WIRE_FAILED || verdict.kind == WIRE_CLEAR) {
			char text[1024];

			fprintf(stderr, "covey ping: %s -> %s: %s\n", from, search->to,
				wire_verdict_text(&verdict, text, sizeof(text)));
			return false;
		}
		learn(search);
	}
}

static bool sweep_one(const struct cli *cli, const char *group, const char *from, const char *to,
		      struct search *ret_search)
{
	*ret_search = (struct search){.cli = cli,
				      .group = group,
				      .from = from,
				      .to = to,
				      .passes = SIZE_MIN - 1,
				      .fails = SIZE_TOP + 1};
	return find(ret_search) && ret_search->passes >= SIZE_MIN;
}

static void print(const struct search *search, const char *from)
{
	if (search->passes >= SIZE_MIN)
		printf("%s -> %s: tenants' packets of up to %ld bytes pass\n", from, search->to,
		       search->passes);
	else
		printf("%s -> %s: nothing passes\n", from, search->to);
}

int sweep(struct cli *cli, const char *host, const char *group)
{
	struct search there, back = {.last = NULL};
	bool good = sweep_one(cli, group, NULL, host, &there);
	char self[64];

	if (!there.last)
		return CLI_FAILURE;
	snprintf(self, sizeof(self), "%s", field_text(there.last, "from"));
	good &= sweep_one(cli, group, host, self, &back);
	if (cli->json) {
		json_print(json_pack("{s:b, s:s, s:s, s:I, s:I}", "ok", good, "from", self, "to",
				     host, "largest_there", (json_int_t)there.passes,
				     "largest_back", (json_int_t)back.passes));
	} else {
		print(&there, self);
		print(&back, host);
	}
	json_decref(there.last);
	json_decref(back.last);
	return good ? CLI_OK : CLI_FAILURE;
}
