/* SPDX-License-Identifier: BSD-3-Clause */
#include "monitor_rates.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"

#define KEY_SIZE 160

/* Both answers, and what is looked up in the second. */
struct rates {
	const json_t *first, *second;
	double seconds;
	json_t *group_of_spi; /* names */
	json_t *host_of;      /* names, by group and SenderID */
	json_t *before;       /* packets in each window of the first answer */
};

static double rate(const struct rates *rates, json_int_t first, json_int_t second)
{
	return second > first ? (double)(second - first) / rates->seconds : 0;
}

static double rate_of(const struct rates *rates, const char *part, const char *key)
{
	return rate(rates, field_number(json_object_get(rates->first, part), key),
		    field_number(json_object_get(rates->second, part), key));
}

/* Add value to what rows have for this row, which is made if it is not there. */
static void add(json_t *rows, const char *row, const char *key, double value)
{
	json_t *object = json_object_get(rows, row);

	if (!object) {
		object = json_pack("{s:f, s:f}", "out", 0.0, "in", 0.0);
		if (json_object_set_new(rows, row, object) < 0)
			return;
	}
	json_object_set_new(object, key,
			    json_real(json_number_value(json_object_get(object, key)) + value));
}

/* As a list, with the rows' names under this key. Takes rows over. */
static json_t *list_of(json_t *rows, const char *key, bool has_out)
{
	json_t *list = json_array(), *row;
	const char *name;

	json_object_foreach(rows, name, row) {
		json_object_set_new(row, key, json_string(name));
		if (!has_out)
			json_object_del(row, "out");
		json_array_append(list, row);
	}
	json_decref(rows);
	return list;
}

/* --- looking up ------------------------------------------------------------------------------ */

static const char *spi_key(const json_t *object, char buf[KEY_SIZE])
{
	snprintf(buf, KEY_SIZE, FIELD_NUMBER, field_number(object, "spi"));
	return buf;
}

static const char *sender_key(const char *group, json_int_t sender_id, char buf[KEY_SIZE])
{
	snprintf(buf, KEY_SIZE, FIELD_NUMBER " %.100s", sender_id, group);
	return buf;
}

static const char *window_key(const json_t *window, char buf[KEY_SIZE])
{
	snprintf(buf, KEY_SIZE, FIELD_NUMBER " " FIELD_NUMBER " " FIELD_NUMBER " %d",
		 field_number(window, "spi"), field_number(window, "sender_id"),
		 field_number(window, "window_id"), field_true(window, "sending"));
	return buf;
}

static json_t *groups_of(const json_t *answer)
{
	json_t *groups = json_object();
	const json_t *sa;
	char buf[KEY_SIZE];
	size_t i;

	json_array_foreach(json_object_get(answer, "sas"), i, sa)
		json_object_set_new(groups, spi_key(sa, buf), json_string(field_text(sa, "group")));
	return groups;
}

static json_t *hosts_of(const json_t *answer)
{
	json_t *hosts = json_object();
	const json_t *group, *member;
	char buf[KEY_SIZE];
	size_t i, j;

	json_array_foreach(json_object_get(answer, "groups"), i, group)
		json_array_foreach(json_object_get(group, "members"), j, member) {
			const char *identity = field_text(member, "identity");
			const char *slash = strrchr(identity, '/');

			json_object_set_new(hosts,
					    sender_key(field_text(group, "name"),
						       field_number(member, "sender_id"), buf),
					    json_string(slash ? slash + 1 : identity));
		}
	return hosts;
}

/* A window's number without its epoch, which are the first 16 bits: so many packets were sent. */
static json_int_t number_of(const json_t *window)
{
	const char *esn = field_text(window, "esn");

	return strlen(esn) == 16 ? (json_int_t)strtoull(esn + 4, NULL, 16) : 0;
}

static json_t *numbers_of(const json_t *answer)
{
	json_t *numbers = json_object();
	const json_t *window;
	char buf[KEY_SIZE];
	size_t i;

	json_array_foreach(json_object_get(answer, "windows"), i, window)
		json_object_set_new(numbers, window_key(window, buf),
				    json_integer(number_of(window)));
	return numbers;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* SAs that are new have begun within this time. */
static json_t *group_rows(const struct rates *rates)
{
	json_t *rows = json_object(), *before = json_object();
	const json_t *group, *sa, *old;
	char buf[KEY_SIZE];
	size_t i;

	json_array_foreach(json_object_get(rates->second, "groups"), i, group)
		add(rows, field_text(group, "name"), "out", 0);
	json_array_foreach(json_object_get(rates->first, "sas"), i, sa)
		json_object_set(before, spi_key(sa, buf), (json_t *)sa);
	json_array_foreach(json_object_get(rates->second, "sas"), i, sa) {
		const char *name = field_text(sa, "group");

		old = json_object_get(before, spi_key(sa, buf));
		add(rows, name, "out",
		    rate(rates, field_number(old, "packets_sent"),
			 field_number(sa, "packets_sent")));
		add(rows, name, "in",
		    rate(rates, field_number(old, "packets_received"),
			 field_number(sa, "packets_received")));
	}
	json_decref(before);
	return list_of(rows, "group", true);
}

static void add_window(const struct rates *rates, const json_t *window, json_t *peers,
		       json_t *classes)
{
	const bool sending = field_true(window, "sending");
	char buf[KEY_SIZE], class[32];
	const char *host;
	double value = rate(rates, field_number(rates->before, window_key(window, buf)),
			    number_of(window));

	snprintf(class, sizeof(class), FIELD_NUMBER, field_number(window, "class"));
	add(classes, class, sending ? "out" : "in", value);
	if (sending)
		return;
	host = field_text(rates->group_of_spi, spi_key(window, buf));
	host = field_text(rates->host_of, sender_key(host, field_number(window, "sender_id"), buf));
	add(peers, host, "in", value);
}

/* Of a peer it is known what came from it. What is sent is for all of a group. */
static void add_windows(const struct rates *rates, json_t *peers, json_t *classes)
{
	const json_t *window;
	size_t i;

	json_array_foreach(json_object_get(rates->second, "windows"), i, window)
		if (json_is_object(window))
			add_window(rates, window, peers, classes);
}

/* --- drops ----------------------------------------------------------------------------------- */

static double add_drop(const struct rates *rates, json_t *drops, const char *by, const char *name,
		       json_int_t first, json_int_t second)
{
	if (second <= first)
		return 0;
	json_array_append_new(drops,
			      json_pack("{s:s, s:s, s:I, s:f}", "by", by, "reason", name, "packets",
					second - first, "rate", rate(rates, first, second)));
	return rate(rates, first, second);
}

static json_t *rule_of(const json_t *answer, const json_t *rule)
{
	json_t *other;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(answer, "guard"), "drops"), i, other)
		if (strcmp(field_text(other, "rule"), field_text(rule, "rule")) == 0 &&
		    strcmp(field_text(other, "chain"), field_text(rule, "chain")) == 0 &&
		    strcmp(field_text(other, "family"), field_text(rule, "family")) == 0)
			return other;
	return NULL;
}

static double add_drops(const struct rates *rates, json_t *drops)
{
	const json_t *before = json_object_get(rates->first, "drops"), *value, *rule;
	double sum = 0;
	const char *name;
	size_t i;

	json_object_foreach(json_object_get(rates->second, "drops"), name, value)
		sum += add_drop(rates, drops, "covey-host", name, field_number(before, name),
				json_integer_value(value));
	json_array_foreach(json_object_get(json_object_get(rates->second, "guard"), "drops"), i,
			   rule)
		sum += add_drop(rates, drops, "guard", field_text(rule, "rule"),
				field_number(rule_of(rates->first, rule), "packets"),
				field_number(rule, "packets"));
	return sum;
}

/* --- all ------------------------------------------------------------------------------------- */

static json_t *totals(const struct rates *rates, double dropped)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f}", "out",
			 rate_of(rates, "counters", "encrypted_packets"), "in",
			 rate_of(rates, "counters", "decrypted_packets"), "out_bits",
			 8 * rate_of(rates, "counters", "encrypted_bytes"), "in_bits",
			 8 * rate_of(rates, "counters", "decrypted_bytes"), "dropped", dropped);
}

json_t *monitor_rates(const json_t *first, const json_t *second, double seconds)
{
	struct rates rates = {.first = first,
			      .second = second,
			      .seconds = seconds,
			      .group_of_spi = groups_of(second),
			      .host_of = hosts_of(second),
			      .before = numbers_of(first)};
	json_t *peers = json_object(), *classes = json_object(), *drops = json_array();
	double dropped;

	add_windows(&rates, peers, classes);
	dropped = add_drops(&rates, drops);
	json_decref(rates.before);
	json_decref(rates.host_of);
	json_decref(rates.group_of_spi);
	return json_pack("{s:b, s:s, s:f, s:o, s:o, s:o, s:o, s:o}", "ok", 1, "host",
			 field_text(second, "host"), "seconds", seconds, "total",
			 totals(&rates, dropped), "groups", group_rows(&rates), "peers",
			 list_of(peers, "host", false), "classes", list_of(classes, "class", true),
			 "drops", drops);
}
