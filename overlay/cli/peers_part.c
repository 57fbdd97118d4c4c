/* SPDX-License-Identifier: BSD-3-Clause */
#include "peers_part.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "table.h"
#include "words.h"

/* --- what it is ---------------------------------------------------------------------------- */

/* "hv1" of "spiffe://fabric/host/hv1". */
static const char *name_of(const json_t *member)
{
	const char *identity = field_text(member, "identity");
	const char *slash = strrchr(identity, '/');

	return slash ? slash + 1 : identity;
}

/* The peer of that name, which is added to those that are there. The reference is theirs. */
static json_t *peer_of(json_t *by_name, const json_t *member)
{
	const char *name = name_of(member);
	json_t *peer = json_object_get(by_name, name);

	if (peer)
		return peer;
	peer = json_pack("{s:s, s:s, s:[]}", "host", name, "vtep", field_text(member, "vtep"),
			 "groups");
	if (json_object_set_new(by_name, name, peer) < 0)
		return NULL;
	return peer;
}

/* A host is connected or not; in some of its groups it may be evicted. */
static void add_state(json_t *peer, const json_t *member)
{
	const char *state = field_text(member, "state");
	const char *known = json_string_value(json_object_get(peer, "state"));

	if (!json_object_get(member, "state"))
		return;
	if (!known || strcmp(known, "evicted") == 0 || strcmp(state, "connected") == 0)
		json_object_set_new(peer, "state", json_string(state));
	if (field_true(member, "deaf") || field_true(member, "perhaps_deaf"))
		json_object_set_new(peer, "hears", json_false());
}

/* What a sender is called in the sums of packets. */
#define SENDER_SIZE 128
static const char *sender_key(const char *group, json_int_t sender_id, char *buf)
{
	snprintf(buf, SENDER_SIZE, FIELD_NUMBER " %.100s", sender_id, group);
	return buf;
}

/* The group of each SA, by its SPI as text. */
static json_t *groups_of_sas(const json_t *sas)
{
	json_t *groups = json_object();
	const json_t *sa;
	char spi[32];
	size_t i;

	json_array_foreach(sas, i, sa) {
		snprintf(spi, sizeof(spi), FIELD_NUMBER, field_number(sa, "spi"));
		json_object_set(groups, spi, json_object_get(sa, "group"));
	}
	return groups;
}

/* How many packets each sender has sent, by the highest number of each of its windows from which
 * something came. The number behind the epoch's 16 bits counts from 1. */
static json_t *sums_of(const json_t *answer)
{
	json_t *groups = groups_of_sas(json_object_get(answer, "sas")), *sums = json_object();
	char spi[32], key[SENDER_SIZE];
	const json_t *window;
	size_t i;

	json_array_foreach(json_object_get(answer, "windows"), i, window) {
		const char *esn = field_text(window, "esn");

		if (field_true(window, "sending") || strlen(esn) != 16)
			continue;
		snprintf(spi, sizeof(spi), FIELD_NUMBER, field_number(window, "spi"));
		sender_key(field_text(groups, spi), field_number(window, "sender_id"), key);
		json_object_set_new(sums, key,
				    json_integer(field_number(sums, key) +
						 (json_int_t)strtoull(esn + 4, NULL, 16)));
	}
	json_decref(groups);
	return sums;
}

static void add_number(json_t *peer, const char *key, json_int_t number)
{
	json_object_set_new(peer, key, json_integer(field_number(peer, key) + number));
}

/* What came from it in a group, and when in any group. An older covey-host does not say so. */
static void add_received(json_t *peer, const json_t *member)
{
	const json_t *heard = json_object_get(member, "heard_ms");
	const json_t *known = json_object_get(peer, "heard_ms");

	if (!json_is_integer(json_object_get(member, "received_bytes")))
		return;
	add_number(peer, "received_packets", field_number(member, "received_packets"));
	add_number(peer, "received_bytes", field_number(member, "received_bytes"));
	if (json_is_integer(heard) &&
	    (!known || json_integer_value(heard) < json_integer_value(known)))
		json_object_set_new(peer, "heard_ms", json_integer(json_integer_value(heard)));
}

static void add_packets(json_t *peer, const json_t *sums, const json_t *group, const json_t *member)
{
	char key[SENDER_SIZE];

	sender_key(field_text(group, "name"), field_number(member, "sender_id"), key);
	add_number(peer, "packets", field_number(sums, key));
}

static void add_paths(json_t *by_name, const json_t *paths)
{
	static const char *const keys[] = {"mtu", "needed", "tenant_mtu"};
	json_t *path, *peer;
	size_t i;

	json_array_foreach(paths, i, path) {
		peer = json_object_get(by_name, field_text(path, "host"));
		if (!peer)
			continue;
		json_object_set(peer, "path", json_object_get(path, "state"));
		for (size_t j = 0; j < sizeof(keys) / sizeof(keys[0]); j++)
			json_object_set(peer, keys[j], json_object_get(path, keys[j]));
	}
}

/* sums: NULL at the key manager, which sees no packets. */
static void add_group(json_t *by_name, const json_t *sums, const json_t *group)
{
	const json_t *member;
	json_t *peer;
	size_t i;

	json_array_foreach(json_object_get(group, "members"), i, member) {
		if (field_true(member, "self") || !json_is_object(member))
			continue;
		peer = peer_of(by_name, member);
		if (!peer)
			continue;
		json_array_append(json_object_get(peer, "groups"), json_object_get(group, "name"));
		add_state(peer, member);
		if (sums)
			add_packets(peer, sums, group, member);
		add_received(peer, member);
	}
}

json_t *peers_part(const json_t *answer)
{
	json_t *sums = json_object_get(answer, "windows") ? sums_of(answer) : NULL;
	json_t *by_name = json_object(), *peers = json_array(), *peer;
	const json_t *group;
	const char *name;
	size_t i;

	json_array_foreach(json_object_get(answer, "groups"), i, group)
		add_group(by_name, sums, group);
	add_paths(by_name, json_object_get(answer, "paths"));
	json_object_foreach(by_name, name, peer)
		json_array_append(peers, peer);
	json_decref(by_name);
	json_decref(sums);
	return peers;
}

/* --- what a person sees -------------------------------------------------------------------- */

static void cell_groups(struct table *table, const json_t *names)
{
	const json_t *name;
	char text[256] = "";
	size_t i, len = 0;

	json_array_foreach(names, i, name) {
		const char *word = json_is_string(name) ? json_string_value(name) : "?";

		if (len + strlen(word) + sizeof(", and 1000 more") > sizeof(text)) {
			snprintf(text + len, sizeof(text) - len, ", and %zu more",
				 json_array_size(names) - i);
			break;
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? ", " : "",
					word);
	}
	table_cell(table, "%s", text);
}

static void cell_number(struct table *table, const json_t *peer, const char *key)
{
	if (json_is_integer(json_object_get(peer, key)))
		table_cell(table, FIELD_NUMBER, field_number(peer, key));
	else
		table_cell(table, "-");
}

static void cell_heard(struct table *table, const json_t *heard_ms)
{
	char text[WORDS_TIME_SIZE];

	if (!json_is_integer(heard_ms) || json_integer_value(heard_ms) < 0)
		table_cell(table, "-");
	else
		table_cell(table, "%s ago",
			   words_time((uint64_t)json_integer_value(heard_ms) / 1000, text));
}

static void print_of_host(const json_t *peers)
{
	static const char *const columns[] = {"HOST",        "VTEP",   ">LAST HEARD",
					      ">PACKETS",    ">BYTES", "PATH",
					      ">TENANT MTU", "GROUPS", NULL};
	struct table *table = table_new(columns);
	const json_t *peer;
	size_t i;

	json_array_foreach(peers, i, peer) {
		table_cell(table, "%s", field_text(peer, "host"));
		table_cell(table, "%s", field_text(peer, "vtep"));
		cell_heard(table, json_object_get(peer, "heard_ms"));
		cell_number(table, peer, "received_packets");
		cell_number(table, peer, "received_bytes");
		table_cell(table, "%s", field_text(peer, "path"));
		cell_number(table, peer, "tenant_mtu");
		cell_groups(table, json_object_get(peer, "groups"));
	}
	table_print(table, "No other host is known in this one's groups.", stdout);
	if (json_array_size(peers) > 0)
		printf("Packets and bytes are what came from them. What this host sends is for a "
		       "group: `covey show groups`.\n");
}

static void print_of_gkm(const json_t *peers)
{
	static const char *const columns[] = {"HOST", "VTEP", "STATE", "HEARS", "GROUPS", NULL};
	struct table *table = table_new(columns);
	const json_t *peer;
	size_t i;

	json_array_foreach(peers, i, peer) {
		table_cell(table, "%s", field_text(peer, "host"));
		table_cell(table, "%s", field_text(peer, "vtep"));
		table_cell(table, "%s", field_text(peer, "state"));
		table_cell(table, "%s", json_object_get(peer, "hears") ? "NOT" : "-");
		cell_groups(table, json_object_get(peer, "groups"));
	}
	table_print(table, "No group has members.", stdout);
}

void peers_part_print(const json_t *peers)
{
	if (json_object_get(json_array_get(peers, 0), "state"))
		print_of_gkm(peers);
	else
		print_of_host(peers);
}
