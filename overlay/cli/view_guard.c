/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "json_text.h"
#include "table.h"
#include "views.h"
#include "words.h"

static const char *explain(const char *state)
{
	static const char *const texts[][2] = {
		{"verified", "all rules are there, bound to the interface"},
		{"waiting", "the interface is not there yet"},
		{"weaker", "NOT all that it should be"},
		{"no-uplink", "all rules are there, but NO interface leads to the other hosts"},
		{"failing", "NOT complete, trying to restore it"},
		{"off", "REMOVED by `covey-host --guard off`"},
		{"none", "there is none: the kernel does not drive the fabric port"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i][0], state) == 0)
			return texts[i][1];
	return state;
}

static void print_hooks(const json_t *guard)
{
	json_t *hook;
	size_t i;

	if (json_array_size(json_object_get(guard, "hooks")) == 0)
		return;
	printf("  at");
	json_array_foreach(json_object_get(guard, "hooks"), i, hook)
		printf("%s %s", i ? "," : "", json_string_value(hook));
	printf("\n");
}

static void print_restored(const json_t *guard)
{
	const json_t *last = json_object_get(guard, "last_changed");
	json_int_t ago = field_number(last, "ago_s");
	char time[WORDS_TIME_SIZE];

	if (!json_is_object(last))
		return;
	printf("  put back " FIELD_NUMBER " times, last %s ago after a change by %s\n",
	       field_number(guard, "restored"), words_time(ago > 0 ? (uint64_t)ago : 0, time),
	       field_text(last, "by"));
}

static void print_reason(const json_t *guard, const char *name)
{
	if (json_is_string(json_object_get(guard, name)))
		printf("  %s\n", field_text(guard, name));
}

/* "100-103 200": numbers one after the other are one word. */
static void print_vnis(const json_t *vnis)
{
	size_t count = json_array_size(vnis);

	for (size_t i = 0; i < count;) {
		json_int_t first = json_integer_value(json_array_get(vnis, i)), last = first;

		for (i++; i < count && json_integer_value(json_array_get(vnis, i)) == last + 1; i++)
			last++;
		printf(" " FIELD_NUMBER, first);
		if (last > first)
			printf("-" FIELD_NUMBER, last);
	}
	printf("\n");
}

static void print_clear(const json_t *guard)
{
	const json_t *clear = json_object_get(guard, "clear");

	if (!json_is_object(clear))
		return;
	printf("  lets pass IN CLEAR, in and out: VNI");
	print_vnis(json_object_get(clear, "accepted"));
	if (json_array_size(json_object_get(clear, "steered")) > 0) {
		printf("  of which these leave encrypted while covey-host runs: VNI");
		print_vnis(json_object_get(clear, "steered"));
	}
	if (field_number(clear, "other_way") > 0)
		printf("  " FIELD_NUMBER " packets of these VNIs left by an interface that is no "
		       "uplink, where covey cannot encrypt them\n",
		       field_number(clear, "other_way"));
}

static void print_drops(const json_t *guard, bool all)
{
	static const char *const columns[] = {">PACKETS", "AT", "THE GUARD DROPPED", NULL};
	struct table *table = table_new(columns);
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(guard, "drops"), i, rule) {
		if (!all && field_number(rule, "packets") == 0)
			continue;
		table_cell(table, FIELD_NUMBER, field_number(rule, "packets"));
		table_cell(table, "%s %s", field_text(rule, "family"), field_text(rule, "chain"));
		table_cell(table, "%s", field_text(rule, "rule"));
	}
	table_print(table, "The guard dropped no packet.", stdout);
}

static void print_uplink(struct table *table, const json_t *uplink)
{
	const char *found_by = field_text(uplink, "found_by");

	table_cell(table, "%s", field_text(uplink, "interface"));
	if (json_is_integer(json_object_get(uplink, "mtu")))
		table_cell(table, FIELD_NUMBER, field_number(uplink, "mtu"));
	else
		table_cell(table, "-");
	table_cell(table, "%s%s", found_by,
		   field_true(uplink, "only_default") ? ", only the default one" : "");
	table_cell(table, "%s", field_text(uplink, "state"));
}

/* An older covey-host does not report them, and a bump in the wire has none. */
static void print_uplinks(const json_t *guard)
{
	static const char *const columns[] = {"UPLINK", ">MTU", "FOUND BY", "STATE", NULL};
	const json_t *uplinks = json_object_get(guard, "uplinks"), *uplink;
	struct table *table;
	size_t i;

	if (!json_is_array(uplinks))
		return;
	table = table_new(columns);
	json_array_foreach(uplinks, i, uplink)
		print_uplink(table, uplink);
	table_print(table,
		    "There is no uplink, so VXLAN does not leave: give the host a route to the "
		    "other hosts' VTEPs (see `ip route get`), or name the interface in "
		    "covey_fabric_interface.",
		    stdout);
}

static void print_foreign(const json_t *answer)
{
	json_t *device;
	size_t i;

	json_array_foreach(json_object_get(answer, "foreign_vxlan"), i, device) {
		const json_t *over = json_object_get(device, "over");

		printf("  %s device %s sends to UDP port " FIELD_NUMBER
		       " over %s, not encrypted: %s\n",
		       json_is_string(json_object_get(device, "kind")) ? field_text(device, "kind")
								       : "VXLAN",
		       field_text(device, "device"), field_number(device, "port"),
		       json_is_string(over) ? json_string_value(over) : "what its table says",
		       field_true(device, "dropped") ? "dropped"
		       : field_true(device, "passes")
			       ? "it leaves IN CLEAR (covey_foreign_vxlan: pass)"
		       : field_true(device, "unguarded")
			       ? "all of it leaves IN CLEAR"
			       : "it leaves IN CLEAR, but for the fabric's VNIs");
	}
}

static void print_too_large(const json_t *answer)
{
	json_t *device;
	size_t i;

	json_array_foreach(json_object_get(answer, "vxlan_too_large"), i, device)
		printf("  VXLAN device %s has an MTU of " FIELD_NUMBER ", and " FIELD_NUMBER
		       " fits: lower it and its tenants', or raise the uplinks' MTU "
		       "by " FIELD_NUMBER "\n",
		       field_text(device, "device"), field_number(device, "mtu"),
		       field_number(device, "fits"), field_number(device, "uplinks_lack"));
	json_array_foreach(json_object_get(answer, "bridge_too_large"), i, device)
		printf("  %s %s has an MTU of " FIELD_NUMBER ", and " FIELD_NUMBER
		       " fits through VXLAN device %s: lower it\n",
		       field_true(device, "bridge") ? "Bridge" : "Bridge port",
		       field_text(device, "interface"), field_number(device, "mtu"),
		       field_number(device, "fits"), field_text(device, "vxlan_device"));
}

void view_guard(const json_t *answer, bool all)
{
	const json_t *guard = json_object_get(answer, "guard");

	if (!json_is_object(guard))
		return; /* from an older covey-host */
	printf("Guard%s%s: %s\n", json_object_get(guard, "interface") ? " on " : "",
	       json_object_get(guard, "interface") ? field_text(guard, "interface") : "",
	       explain(field_text(guard, "state")));
	print_reason(guard, "weaker");
	print_reason(guard, "failing");
	print_clear(guard);
	print_hooks(guard);
	if (json_is_integer(json_object_get(guard, "forwarded")))
		printf("  forwarded " FIELD_NUMBER " packets of VXLAN devices to covey\n",
		       field_number(guard, "forwarded"));
	print_restored(guard);
	print_foreign(answer);
	print_too_large(answer);
	print_uplinks(guard);
	print_drops(guard, all);
}
