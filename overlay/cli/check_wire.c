/* SPDX-License-Identifier: BSD-3-Clause */

#include "check_wire.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "json_text.h"
#include "table.h"
#include "wire_heard.h"
#include "wire_limit.h"
#include "wire_plan.h"
#include "wire_runs.h"
#include "wire_verdict.h"

/* How many hosts one run of multicast asks. */
#define RECEIVERS 15
/* After so many runs one after the other that came to nothing, nobody can be asked. */
#define FAILURES_MAX 3

struct wire {
	struct cli *cli;
	const struct inventory *inventory;
	json_t *shown; /* the answer to `show`; NULL: there is none */
	const struct inventory_group *group;
	bool observes; /* the group is in observe */
	struct wire_heard heard;
	struct table *table;
	json_t *directions;
	bool whole; /* the table has all directions, not only bad ones */
	json_t *groups;
	struct wire_limits limits;
	size_t good, bad;
	size_t runs_planned, runs_over; /* of this group */
	unsigned failures;              /* runs that came to nothing, since the last good one */
	bool no_multicast;
};

/* What is done with one group. */
struct part {
	struct wire *wire;
	const struct wire_plan *plan;
	size_t at;      /* the next pair, or sender of multicast */
	size_t step;    /* to the next sender */
	unsigned round; /* of the pairs */
};

/* --- progress -------------------------------------------------------------------------------- */

static void tell(const struct wire *wire)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr,
			"\rGroup %s: %zu of %zu runs of probes, %zu directions are not encrypted ",
			wire->group->name, wire->runs_over, wire->runs_planned, wire->bad);
}

static void tell_no_more(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* --- what comes out -------------------------------------------------------------------------- */

/* The largest of a set. */
static long largest(const json_t *answer, unsigned set)
{
	const json_t *item;
	long most = 0;
	size_t i;

	json_array_foreach(json_object_get(answer, "sizes"), i, item)
		if (set >> i & 1 && json_integer_value(item) > most)
			most = (long)json_integer_value(item);
	return most;
}

/* Say in numbers what does not pass. What did not get there was not answered, so the way back is
 * measured then, too. Returns the largest tenant's packet that passes; 0: none does. */
static long find_largest(struct wire *wire, const json_t *answer, const char *from, const char *to,
			 struct wire_verdict *verdict)
{
	const long passes = largest(answer, wire_set(wire_report(answer, to), false, "delivered"));
	const long sent = largest(answer, wire_set(wire_report(answer, from), true, "sent"));
	const long top = largest(answer, UINT_MAX);
	const struct sweep *found;

	if (verdict->kind != WIRE_TOO_BIG && (verdict->kind != WIRE_ENCRYPTED || sent == top))
		return verdict->arrived ? passes : 0;
	tell_no_more();
	found = wire_limits_find(&wire->limits, wire->cli, wire->inventory, wire->group->name, from,
				 to, top);
	if (!found || (field_true(answer, "multicast") && found->passes >= top)) {
		if (verdict->kind == WIRE_ENCRYPTED)
			wire_limit_unknown(from, sent, top, verdict);
		return passes;
	}
	if (found->passes < top) {
		wire_limit_explain(found, from, top, verdict);
	} else {
		verdict->kind = WIRE_ENCRYPTED; /* it was lost by chance */
		verdict->detail[0] = '\0';
	}
	return found->passes;
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
	size = find_largest(wire, answer, from, to, &verdict);
	ms = wire_round_trip_ms(answer, from);
	*(verdict.kind == WIRE_ENCRYPTED ? &wire->good : &wire->bad) += 1;
	add_row(wire, from, to, cast, &verdict, size, ms);
	object = wire_verdict_json(&verdict, from, to);
	json_object_set_new(object, "group", json_string(wire->group->name));
	json_object_set_new(object, "cast", json_string(cast));
	json_object_set_new(object, "largest", json_integer(size));
	json_object_set_new(object, "path_mtu",
			    json_integer(size ? size + (long)field_number(answer, "added") : 0));
	json_object_set_new(object, "round_trip_ms", json_real(ms));
	json_array_append_new(wire->directions, object);
}

/* False when nobody can be asked at all. */
static bool take_failure(struct wire *wire, const json_t *request, const char *reason)
{
	const json_t *to = json_object_get(request, "to");

	tell_no_more();
	fprintf(stderr, "covey check: group %s: from %s to %s%s: %s\n", wire->group->name,
		field_text(request, "from"), json_string_value(json_array_get(to, 0)),
		json_array_size(to) > 1 ? " and others" : "", reason);
	wire->bad++;
	return ++wire->failures < FAILURES_MAX;
}

static bool take_answer(void *arg, const json_t *request, const json_t *answer,
			const struct covey_error *error)
{
	struct wire *wire = ((struct part *)arg)->wire;
	const char *from;
	const json_t *to;
	bool multicast;
	size_t i;

	wire->runs_over++;
	if (field_true(answer, "no_multicast")) {
		wire->no_multicast = true;
		return true;
	}
	if (!answer || !field_true(answer, "ok"))
		return take_failure(wire, request,
				    answer ? field_text(answer, "error") : error->text);
	wire->failures = 0;
	wire_heard_take(&wire->heard, wire->inventory, wire->group, answer, wire->observes);
	from = field_text(answer, "from");
	multicast = field_true(answer, "multicast");
	json_array_foreach(json_object_get(answer, "to"), i, to) {
		const char *name = json_string_value(to);

		take_direction(wire, answer, from, name, multicast ? "multicast" : "unicast");
		if (!multicast && wire_may(wire->inventory, wire->group, name, from))
			take_direction(wire, answer, name, from, "unicast");
	}
	tell(wire);
	return true;
}

/* --- a group --------------------------------------------------------------------------------- */

static json_t *request_of(const struct wire *wire, size_t from)
{
	return json_pack("{s:s, s:s, s:s, s:[], s:b, s:b}", "command", "probe", "group",
			 wire->group->name, "from", wire->inventory->hosts[from].name, "to", "full",
			 1, "clear", 1);
}

static void add_receiver(const struct wire *wire, json_t *request, size_t host)
{
	json_array_append_new(json_object_get(request, "to"),
			      json_string(wire->inventory->hosts[host].name));
}

/* The next pair of the round: no host is in two of them. */
static json_t *next_pair(void *arg)
{
	struct part *part = arg;
	const struct wire_pair *pair = &part->plan->pairs[part->at];
	json_t *request;

	if (part->at == part->plan->count || pair->round != part->round)
		return NULL;
	request = request_of(part->wire, pair->from);
	add_receiver(part->wire, request, pair->to);
	part->at++;
	return request;
}

static bool check_unicast(struct wire *wire, const struct wire_plan *plan)
{
	struct part part = {.wire = wire, .plan = plan};
	const struct wire_runs runs = {.cli = wire->cli,
				       .at_once = WIRE_RUNS_AT_ONCE,
				       .next = next_pair,
				       .take = take_answer,
				       .arg = &part};
	bool good = true;

	while (part.at < plan->count && good) {
		part.round = plan->pairs[part.at].round;
		good = wire_runs_do(&runs);
	}
	return good;
}

/* NULL when there is nobody to send to. */
static json_t *make_multicast(const struct wire *wire, const struct wire_plan *plan, size_t at)
{
	const char *from = wire->inventory->hosts[plan->order[at]].name;
	json_t *request = request_of(wire, plan->order[at]);

	json_object_set_new(request, "multicast", json_true());
	for (size_t i = 1; i < plan->members && i <= RECEIVERS; i++) {
		size_t host = plan->order[(at + i) % plan->members];

		if (wire_may(wire->inventory, wire->group, from, wire->inventory->hosts[host].name))
			add_receiver(wire, request, host);
	}
	if (json_array_size(json_object_get(request, "to")) > 0)
		return request;
	json_decref(request);
	return NULL;
}

/* Every step-th member sends to the next few. */
static json_t *next_multicast(void *arg)
{
	struct part *part = arg;
	json_t *request = NULL;

	for (; part->at < part->plan->members && !request && !part->wire->no_multicast;
	     part->at += part->step)
		request = make_multicast(part->wire, part->plan, part->at);
	return request;
}

static bool send_multicast(struct wire *wire, const struct wire_plan *plan, size_t first,
			   size_t step, size_t at_once)
{
	struct part part = {.wire = wire, .plan = plan, .at = first, .step = step};
	const struct wire_runs runs = {.cli = wire->cli,
				       .at_once = at_once,
				       .next = next_multicast,
				       .take = take_answer,
				       .arg = &part};

	return wire_runs_do(&runs);
}

/* In a small group each sends to all others. In a larger one, one of a few sends to the next few:
 * so each member receives. Those of two neighbours share a host. */
static bool check_multicast(struct wire *wire, const struct wire_plan *plan)
{
	if (wire->whole)
		return send_multicast(wire, plan, 0, 1, 1);
	return send_multicast(wire, plan, 0, 2 * RECEIVERS, WIRE_RUNS_AT_ONCE) &&
	       send_multicast(wire, plan, RECEIVERS, 2 * RECEIVERS, WIRE_RUNS_AT_ONCE);
}

/* What was done, so that nobody takes a sample for all. */
static void add_group(struct wire *wire, const struct wire_plan *plan)
{
	size_t all = plan->members * (plan->members - 1) / 2;

	json_array_append_new(wire->groups,
			      json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "name", wire->group->name,
					"members", (json_int_t)plan->members, "pairs",
					(json_int_t)all, "pairs_planned", (json_int_t)plan->count,
					"runs", (json_int_t)wire->runs_over, "multicast",
					!wire->no_multicast));
	if (wire->cli->json)
		return;
	if (!wire->whole)
		printf("Group %s: a sample of %zu of %zu pairs of its %zu members, drawn at "
		       "random.\n",
		       wire->group->name, plan->count, all, plan->members);
	if (wire->no_multicast)
		printf("Group %s: nothing is sent by multicast: no VXLAN device here has a "
		       "multicast group.\n",
		       wire->group->name);
}

/* As this host knows it: what its members send in clear then, the directions say. */
static bool is_in_observe(const struct wire *wire, const struct inventory_group *group)
{
	const json_t *joined;
	size_t i;

	json_array_foreach(json_object_get(wire->shown, "groups"), i, joined)
		if (strcmp(field_text(joined, "name"), group->name) == 0)
			return strcmp(field_text(json_object_get(joined, "mode"), "name"),
				      "observe") == 0;
	return false;
}

static void check_group(struct wire *wire, const struct inventory_group *group)
{
	struct wire_plan plan;

	wire->group = group;
	wire->observes = is_in_observe(wire, group);
	wire->no_multicast = false;
	wire->whole = group->member_count <= WIRE_ALL_PAIRS_MAX;
	if (group->member_count < 2 || wire_plan_make(group, arc4random_uniform, &plan) < 0)
		return;
	wire->runs_over = 0;
	wire->runs_planned =
		plan.count +
		(wire->whole ? plan.members : (plan.members + RECEIVERS - 1) / RECEIVERS);
	if (check_unicast(wire, &plan))
		check_multicast(wire, &plan);
	tell_no_more();
	add_group(wire, &plan);
	wire_plan_free(&plan);
}

/* --- all ------------------------------------------------------------------------------------- */

static void check_joined(struct wire *wire)
{
	const json_t *joined;
	size_t i;

	json_array_foreach(json_object_get(wire->shown, "groups"), i, joined) {
		const struct inventory_group *group =
			inventory_find_group(wire->inventory, field_text(joined, "name"));

		if (group)
			check_group(wire, group);
	}
}

static bool is_good(const struct wire *wire)
{
	return wire->bad == 0 && wire->good > 0 && !wire_heard_any(&wire->heard);
}

static void print(struct wire *wire)
{
	if (wire->cli->json) {
		json_print(json_pack("{s:b, s:i, s:i, s:O, s:O, s:O, s:b, s:O}", "ok",
				     is_good(wire), "good", (int)wire->good, "bad", (int)wire->bad,
				     "directions", wire->directions, "groups", wire->groups,
				     "clear", wire->heard.list, "clear_more", wire->heard.more,
				     "not_looked", wire->heard.blind));
		return;
	}
	table_print(wire->table, "", stdout);
	printf("%zu directions: %zu are encrypted, %zu are not.\n", wire->good + wire->bad,
	       wire->good, wire->bad);
	wire_heard_print(&wire->heard, stdout);
}

/* Where it is not needed, it may fail without a word: what follows says why. */
static void ask_shown(struct wire *wire, bool needed)
{
	struct client_daemon daemon = client_host(wire->cli);
	json_t *request = json_pack("{s:s}", "command", "show");
	struct covey_error error;

	if (needed) {
		wire->shown = client_command(&daemon, false, "check", request);
		wire->bad += !wire->shown;
	} else if (client_ask(&daemon, request, &wire->shown, &error) < 0) {
		wire->shown = NULL;
	}
}

static void check_groups(struct wire *wire, const struct inventory_group *only)
{
	static const char *const columns[] = {"GROUP",       "FROM",     "TO",          "CAST",
					      ">ROUND TRIP", ">LARGEST", "ON THE WIRE", NULL};

	ask_shown(wire, !only);
	wire->table = table_new(columns);
	if (only)
		check_group(wire, only);
	else
		check_joined(wire);
	print(wire);
	json_decref(wire->shown);
}

int check_wire(struct cli *cli, const struct inventory *inventory, const char *group)
{
	struct wire wire = {.cli = cli,
			    .inventory = inventory,
			    .directions = json_array(),
			    .groups = json_array()};
	const struct inventory_group *only = group ? inventory_find_group(inventory, group) : NULL;
	bool good = false;

	if (group && !only)
		fprintf(stderr, "covey check: %s has no group %s\n", cli->inventory, group);
	else if (wire_heard_init(&wire.heard) < 0)
		fprintf(stderr, "covey check: out of memory\n");
	else
		check_groups(&wire, only);
	good = is_good(&wire);
	wire_heard_release(&wire.heard);
	json_decref(wire.directions);
	json_decref(wire.groups);
	return good ? CLI_OK : CLI_FAILURE;
}
