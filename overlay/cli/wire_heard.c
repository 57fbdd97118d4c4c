/* SPDX-License-Identifier: BSD-3-Clause */

#include "wire_heard.h"

#include <errno.h>
#include <string.h>

#include "json_text.h"

int wire_heard_init(struct wire_heard *heard)
{
	*heard = (struct wire_heard){.list = json_array(), .blind = json_array()};
	if (heard->list && heard->blind)
		return 0;
	wire_heard_release(heard);
	return -ENOMEM;
}

void wire_heard_release(struct wire_heard *heard)
{
	json_decref(heard->list);
	json_decref(heard->blind);
}

bool wire_heard_any(const struct wire_heard *heard)
{
	return json_array_size(heard->list) > 0 || heard->more;
}

/* --- what reports say ------------------------------------------------------------------------ */

/* NULL: no host has this VTEP address. */
static const struct inventory_host *host_of(const struct inventory *inventory, const char *address)
{
	struct covey_addr addr;

	if (!covey_addr_parse(address, &addr))
		return NULL;
	for (size_t i = 0; i < inventory->host_count; i++)
		if (covey_addr_equal(&inventory->hosts[i].vtep, &addr))
			return &inventory->hosts[i];
	return NULL;
}

static bool has_name(const json_t *names, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(names, i, item)
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	return false;
}

static void add_name(json_t *one, const char *key, const char *name)
{
	json_t *names = json_object_get(one, key);

	if (!has_name(names, name) && json_array_size(names) < WIRE_HEARD_NAMES_MAX)
		json_array_append_new(names, json_string(name));
}

static json_t *find(const struct wire_heard *heard, const char *group, const char *from,
		    json_int_t vni)
{
	json_t *one;
	size_t i;

	json_array_foreach(heard->list, i, one)
		if (strcmp(field_text(one, "group"), group) == 0 &&
		    strcmp(field_text(one, "from"), from) == 0 && field_number(one, "vni") == vni)
			return one;
	return NULL;
}

/* NULL when there is no room. */
static json_t *find_or_add(struct wire_heard *heard, const char *group, const char *from,
			   json_int_t vni, const struct inventory_host *host, bool member)
{
	json_t *one = find(heard, group, from, vni);

	if (one)
		return one;
	if (json_array_size(heard->list) == WIRE_HEARD_MAX) {
		heard->more = true;
		return NULL;
	}
	one = json_pack("{s:s, s:I, s:s, s:s?, s:b, s:i, s:[], s:[]}", "group", group, "vni", vni,
			"from", from, "host", host ? host->name : NULL, "member", member, "packets",
			0, "came_to", "left");
	json_array_append_new(heard->list, one);
	return one;
}

static void take_one(struct wire_heard *heard, const struct inventory *inventory,
		     const struct inventory_group *group, const char *reporter, const json_t *said,
		     bool observes)
{
	const char *from = field_text(said, "from");
	const struct inventory_host *host = host_of(inventory, from);
	const bool member = host && inventory_find_member(inventory, group, host);
	json_t *one;

	if (member && observes)
		return;
	one = find_or_add(heard, group->name, from, field_number(said, "vni"), host, member);
	if (!one)
		return;
	json_object_set_new(
		one, "packets",
		json_integer(field_number(one, "packets") + field_number(said, "packets")));
	add_name(one, field_true(said, "out") ? "left" : "came_to", reporter);
}

static void take_blind(struct wire_heard *heard, const char *host, const char *reason)
{
	const json_t *one;
	size_t i;

	json_array_foreach(heard->blind, i, one)
		if (strcmp(field_text(one, "host"), host) == 0)
			return;
	if (json_array_size(heard->blind) == WIRE_HEARD_NAMES_MAX) {
		heard->more_blind++;
		return;
	}
	json_array_append_new(heard->blind,
			      json_pack("{s:s, s:s}", "host", host, "reason", reason));
}

/* Of a member from before there was `looked`, nothing is known. In observe, what there was more of
 * may all be of members, as it should, and others may be among it: nobody knows. */
static void take_rest(struct wire_heard *heard, const json_t *report, bool observes)
{
	const char *host = field_text(report, "host"), *reason = field_text(report, "blind");
	const bool more = field_true(report, "heard_more");

	if (!field_true(report, "looked"))
		take_blind(heard, host,
			   reason[0] != '\0'
				   ? reason
				   : "its covey-host or the covey-gkm is older than this program, "
				     "or its kernel refuses another packet socket");
	else if (more && observes)
		take_blind(heard, host,
			   "members send in clear in observe, and more came than it looks at");
	heard->more |= more && !observes;
}

void wire_heard_take(struct wire_heard *heard, const struct inventory *inventory,
		     const struct inventory_group *group, const json_t *answer, bool observes)
{
	const json_t *report, *said;
	size_t i, j;

	json_array_foreach(json_object_get(answer, "reports"), i, report) {
		if (!field_true(report, "done"))
			continue;
		take_rest(heard, report, observes);
		json_array_foreach(json_object_get(report, "heard"), j, said)
			take_one(heard, inventory, group, field_text(report, "host"), said,
				 observes);
	}
}

/* --- for people ------------------------------------------------------------------------------ */

static void print_names(const json_t *one, const char *key, const char *what, FILE *out)
{
	const json_t *names = json_object_get(one, key), *name;
	size_t i;

	if (json_array_size(names) == 0)
		return;
	fprintf(out, "; %s ", what);
	json_array_foreach(names, i, name)
		fprintf(out, "%s%s", i > 0 ? ", " : "", json_string_value(name));
}

static void print_one(const json_t *one, FILE *out)
{
	const char *host = json_string_value(json_object_get(one, "host"));

	fprintf(out, "Group %s: CLEAR VXLAN of VNI " FIELD_NUMBER " from %s, ",
		field_text(one, "group"), field_number(one, "vni"), field_text(one, "from"));
	if (!host)
		fputs("the address of no host of the inventory", out);
	else if (field_true(one, "member"))
		fprintf(out, "the address of member %s", host);
	else
		fprintf(out, "the address of %s, which is no member", host);
	fprintf(out, ": " FIELD_NUMBER " packets or more", field_number(one, "packets"));
	print_names(one, "came_to", "came to", out);
	print_names(one, "left", "left by the uplink of", out);
	fputs(".\n", out);
}

void wire_heard_print(const struct wire_heard *heard, FILE *out)
{
	const json_t *one;
	size_t i;

	json_array_foreach(heard->list, i, one)
		print_one(one, out);
	if (heard->more)
		fputs("CLEAR VXLAN: there was more, which is not listed.\n", out);
	if (wire_heard_any(heard))
		fputs("Something sends it that does not go by covey: a host without covey, or a "
		      "VXLAN device with its own way to the fabric, as in another network "
		      "namespace. The address may be forged: `tcpdump -e` on an uplink shows the "
		      "hardware address.\n",
		      out);
	json_array_foreach(heard->blind, i, one)
		fprintf(out, "%s has not looked for other VXLAN in clear: %s.\n",
			field_text(one, "host"), field_text(one, "reason"));
	if (heard->more_blind)
		fprintf(out, "Others have not either, in %zu runs.\n", heard->more_blind);
}
