/* SPDX-License-Identifier: BSD-3-Clause */

#include "check_wire.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "json_text.h"
#include "table.h"
#include "wire_plan.h"
#include "wire_verdict.h"

/* covey-host takes 16 clients at once, and others may ask it, too. */
#define AT_ONCE 14
/* The key manager takes 32 requests in a second of one host. */
#define GAP_MS 35
/* A run that finds a host busy is tried again, after some time. */
#define TRIES    3
#define RETRY_MS 300
/* How many hosts one run of multicast asks. */
#define RECEIVERS 15

/* One run. */
struct task {
	const struct cli *cli;
	json_t *request;
	json_t *answer; /* NULL: there is none */
	struct covey_error error;
	pthread_t thread;
	bool started;
};

struct wire {
	struct cli *cli;
	const struct inventory *inventory;
	const struct inventory_group *group;
	struct table *table;
	json_t *directions;
	bool whole; /* the table has all directions, not only bad ones */
	size_t good, bad;
	bool no_multicast;
};

static void wait_ms(long ms)
{
	const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&wait, NULL);
}

/* --- runs ------------------------------------------------------------------------------------ */

/* A host that did not take part was busy, or too many asked at once. */
static bool is_to_be_tried_again(const json_t *answer)
{
	const json_t *report;
	size_t i;

	if (strstr(field_text(answer, "error"), "try again"))
		return true;
	json_array_foreach(json_object_get(answer, "reports"), i, report)
		if (strstr(field_text(report, "reason"), "try again"))
			return true;
	return false;
}

static void *run(void *arg)
{
	struct task *task = arg;
	struct client_daemon daemon = client_host(task->cli);

	for (int i = 0; i < TRIES; i++) {
		json_decref(task->answer);
		task->answer = NULL;
		if (client_ask(&daemon, json_incref(task->request), &task->answer, &task->error) <
			    0 ||
		    !is_to_be_tried_again(task->answer))
			break;
		wait_ms(RETRY_MS);
	}
	return NULL;
}

static void start(struct task *task)
{
	task->started = pthread_create(&task->thread, NULL, run, task) == 0;
	if (!task->started)
		run(task);
	wait_ms(GAP_MS);
}

static void finish(struct task *task)
{
	if (task->started)
		pthread_join(task->thread, NULL);
}

static void clear(struct task *task)
{
	json_decref(task->request);
	json_decref(task->answer);
	*task = (struct task){0};
}

/* --- what comes out -------------------------------------------------------------------------- */

static long largest(const json_t *answer, const struct wire_verdict *verdict, const char *to)
{
	unsigned arrived = wire_set(wire_report(answer, to), false, "delivered");
	const json_t *item;
	long most = 0;
	size_t i;

	json_array_foreach(json_object_get(answer, "sizes"), i, item)
		if (arrived >> i & 1 && json_integer_value(item) > most)
			most = (long)json_integer_value(item);
	return verdict->arrived ? most : 0;
}

static void add_row(struct wire *wire, const char *from, const char *to, const char *cast,
		    const struct wire_verdict *verdict, long size, double ms)
{
	char text[1024];

	if (verdict->kind == WIRE_ENCRYPTED && !wire->whole)
		return;
	table_cell(wire->table, "%s", wire->group->name);
	table_cell(wire->table, "%s", from);
	table_cell(wire->table, "%s", to);
	table_cell(wire->table, "%s", cast);
	if (ms > 0)
		table_cell(wire->table, "%.2f ms", ms);
	else
		table_cell(wire->table, "-");
	if (size > 0)
		table_cell(wire->table, "%ld", size);
	else
		table_cell(wire->table, "-");
	table_cell(wire->table, "%s", wire_verdict_text(verdict, text, sizeof(text)));
}

static void take_direction(struct wire *wire, const json_t *answer, const char *from,
			   const char *to, const char *cast)
{
	struct wire_verdict verdict;
	json_t *object;
	long size;
	double ms;

	wire_verdict(answer, from, to, &verdict);
	size = largest(answer, &verdict, to);
	ms = wire_round_trip_ms(answer, from);
	*(verdict.kind == WIRE_ENCRYPTED ? &wire->good : &wire->bad) += 1;
	add_row(wire, from, to, cast, &verdict, size, ms);
	object = wire_verdict_json(&verdict, from, to);
	json_object_set_new(object, "group", json_string(wire->group->name));
	json_object_set_new(object, "cast", json_string(cast));
	json_object_set_new(object, "largest", json_integer(size));
	json_object_set_new(object, "round_trip_ms", json_real(ms));
	json_array_append_new(wire->directions, object);
}

/* False when nobody can be asked at all. */
static bool take_answer(struct wire *wire, const struct task *task)
{
	const json_t *answer = task->answer, *to;
	const char *from;
	bool multicast;
	size_t i;

	if (!answer || !field_true(answer, "ok")) {
		if (field_true(answer, "no_multicast")) {
			wire->no_multicast = true;
			return true;
		}
		fprintf(stderr, "covey check: group %s: %s\n", wire->group->name,
			answer ? field_text(answer, "error") : task->error.text);
		wire->bad++;
		return false;
	}
	from = field_text(answer, "from");
	multicast = field_true(answer, "multicast");
	json_array_foreach(json_object_get(answer, "to"), i, to) {
		const char *name = json_string_value(to);

		take_direction(wire, answer, from, name, multicast ? "multicast" : "unicast");
		if (!multicast && wire_may(wire->inventory, wire->group, name, from))
			take_direction(wire, answer, name, from, "unicast");
	}
	return true;
}

/* --- a group --------------------------------------------------------------------------------- */

static json_t *request_of(const struct wire *wire, size_t from)
{
	return json_pack("{s:s, s:s, s:s, s:[], s:b}", "command", "probe", "group",
			 wire->group->name, "from", wire->inventory->hosts[from].name, "to", "full",
			 1);
}

static void add_receiver(const struct wire *wire, json_t *request, size_t host)
{
	json_array_append_new(json_object_get(request, "to"),
			      json_string(wire->inventory->hosts[host].name));
}

/* Run them, and take their answers. */
static bool run_all(struct wire *wire, struct task *tasks, size_t count)
{
	bool good = true;

	for (size_t i = 0; i < count; i++)
		start(&tasks[i]);
	for (size_t i = 0; i < count; i++) {
		finish(&tasks[i]);
		good &= take_answer(wire, &tasks[i]);
		clear(&tasks[i]);
	}
	return good;
}

static bool check_unicast(struct wire *wire, const struct wire_plan *plan)
{
	struct task tasks[AT_ONCE] = {0};
	size_t at = 0;
	bool good = true;

	while (at < plan->count && good) {
		unsigned round = plan->pairs[at].round;
		size_t count = 0;

		for (; at < plan->count && plan->pairs[at].round == round && count < AT_ONCE;
		     at++) {
			tasks[count] =
				(struct task){.cli = wire->cli,
					      .request = request_of(wire, plan->pairs[at].from)};
			add_receiver(wire, tasks[count++].request, plan->pairs[at].to);
		}
		good = run_all(wire, tasks, count);
	}
	return good;
}

/* False when there is nobody to send to. */
static bool make_multicast(const struct wire *wire, const struct wire_plan *plan, size_t at,
			   struct task *ret_task)
{
	const char *from = wire->inventory->hosts[plan->order[at]].name;
	json_t *request = request_of(wire, plan->order[at]);

	json_object_set_new(request, "multicast", json_true());
	for (size_t i = 1; i < plan->members && i <= RECEIVERS; i++) {
		size_t host = plan->order[(at + i) % plan->members];

		if (wire_may(wire->inventory, wire->group, from, wire->inventory->hosts[host].name))
			add_receiver(wire, request, host);
	}
	*ret_task = (struct task){.cli = wire->cli, .request = request};
	if (json_array_size(json_object_get(request, "to")) > 0)
		return true;
	clear(ret_task);
	return false;
}

/* Every step-th member from the first one on sends to the next few, so many at once. */
static bool send_multicast(struct wire *wire, const struct wire_plan *plan, size_t first,
			   size_t step, size_t at_once)
{
	struct task tasks[AT_ONCE] = {0};
	bool good = true;

	while (first < plan->members && good && !wire->no_multicast) {
		size_t count = 0;

		for (; first < plan->members && count < at_once; first += step)
			count += make_multicast(wire, plan, first, &tasks[count]);
		good = run_all(wire, tasks, count);
	}
	return good;
}

/* In a small group each sends to all others. In a larger one, one of a few sends to the next few:
 * so each member receives. Those of two neighbours share a host. */
static bool check_multicast(struct wire *wire, const struct wire_plan *plan)
{
	if (plan->members <= WIRE_ALL_PAIRS_MAX)
		return send_multicast(wire, plan, 0, 1, 1);
	return send_multicast(wire, plan, 0, 2 * RECEIVERS, AT_ONCE) &&
	       send_multicast(wire, plan, RECEIVERS, 2 * RECEIVERS, AT_ONCE);
}

static void check_group(struct wire *wire, const struct inventory_group *group)
{
	struct wire_plan plan;

	wire->group = group;
	wire->no_multicast = false;
	wire->whole = group->member_count <= WIRE_ALL_PAIRS_MAX;
	if (group->member_count < 2 || wire_plan_make(group, arc4random_uniform, &plan) < 0)
		return;
	if (check_unicast(wire, &plan))
		check_multicast(wire, &plan);
	if (wire->no_multicast && !wire->cli->json)
		printf("Group %s: nothing is sent by multicast: no VXLAN device here has a "
		       "multicast group.\n",
		       group->name);
	wire_plan_free(&plan);
}

/* --- all ------------------------------------------------------------------------------------- */

static void check_joined(struct wire *wire)
{
	struct client_daemon daemon = client_host(wire->cli);
	json_t *answer =
		client_command(&daemon, false, "check", json_pack("{s:s}", "command", "show"));
	const json_t *joined;
	size_t i;

	if (!answer)
		wire->bad++;
	json_array_foreach(json_object_get(answer, "groups"), i, joined) {
		const struct inventory_group *group =
			inventory_find_group(wire->inventory, field_text(joined, "name"));

		if (group)
			check_group(wire, group);
	}
	json_decref(answer);
}

static void print(struct wire *wire)
{
	if (wire->cli->json) {
		json_print(json_pack("{s:b, s:i, s:i, s:O}", "ok", wire->bad == 0 && wire->good > 0,
				     "good", (int)wire->good, "bad", (int)wire->bad, "directions",
				     wire->directions));
		return;
	}
	table_print(wire->table, "", stdout);
	printf("%zu directions: %zu are encrypted, %zu are not.\n", wire->good + wire->bad,
	       wire->good, wire->bad);
}

int check_wire(struct cli *cli, const struct inventory *inventory, const char *group)
{
	static const char *const columns[] = {"GROUP",       "FROM",     "TO",          "CAST",
					      ">ROUND TRIP", ">LARGEST", "ON THE WIRE", NULL};
	struct wire wire = {.cli = cli, .inventory = inventory, .directions = json_array()};
	const struct inventory_group *only = group ? inventory_find_group(inventory, group) : NULL;

	if (group && !only) {
		fprintf(stderr, "covey check: %s has no group %s\n", cli->inventory, group);
		json_decref(wire.directions);
		return CLI_FAILURE;
	}
	wire.table = table_new(columns);
	if (only)
		check_group(&wire, only);
	else
		check_joined(&wire);
	print(&wire);
	json_decref(wire.directions);
	return wire.bad == 0 && wire.good > 0 ? CLI_OK : CLI_FAILURE;
}
