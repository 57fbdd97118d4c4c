/* SPDX-License-Identifier: BSD-3-Clause */
#include "host_next.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json_text.h"

__attribute__((format(printf, 2, 3))) static void say(json_t *next, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(next, json_text(text));
}

/* "tenants, feed" of the groups that the host is in; empty: none. */
static void list_groups(const struct inventory *inventory, const struct inventory_host *host,
			char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < inventory->group_count && len + 80 < size; i++)
		if (inventory_find_member(inventory, &inventory->groups[i], host))
			len += (size_t)snprintf(buf + len, size - len, "%s%.70s", len ? ", " : "",
						inventory->groups[i].name);
}

static void after_add(json_t *next, const char *name, const struct inventory *after)
{
	const struct inventory_host *host = inventory_find_host(after, name);
	char groups[512];

	if (!host) {
		say(next, "%s has no covey_vtep, so it is not of the fabric: nothing follows",
		    name);
		return;
	}
	list_groups(after, host, groups, sizeof(groups));
	if (groups[0])
		say(next, "%s is a member of %s", name, groups);
	else
		say(next,
		    "%s is a member of no group yet: add it to `members` in covey_groups (--member "
		    "GROUP does so)",
		    name);
	say(next,
	    "make its certificate with `covey pki issue %s`, and copy ca.crt, %s.crt and "
	    "%s.key to it",
	    name, name, name);
	say(next,
	    "copy the inventory to the key manager, to all hosts and to %s: they take it over "
	    "by themselves, and none is restarted",
	    name);
	say(next, "start covey-host on %s", name);
}

static void after_remove(json_t *next, const char *name, const struct inventory *before)
{
	if (!inventory_find_host(before, name)) {
		say(next, "%s was not of the fabric: nothing follows", name);
		return;
	}
	say(next,
	    "copy the inventory to the key manager: it throws %s out and gives its groups "
	    "other keys, as `covey evict %s` does there at once",
	    name, name);
	say(next, "copy it to the other hosts: they take it over by themselves, and none is "
		  "restarted");
	say(next, "stop covey-host on %s, and revoke its certificate with `covey pki revoke %s`",
	    name, name);
}

static void after_rename(json_t *next, const char *old, const char *name,
			 const struct inventory *after)
{
	const struct inventory_host *host = inventory_find_host(after, name);

	if (!host) {
		say(next, "%s is not of the fabric: nothing follows", name);
		return;
	}
	say(next, "%s is another host than %s to the key manager%s", name, old,
	    host->sender_id ? "" : ", and gets another SenderID");
	say(next,
	    "make its certificate with `covey pki issue %s`, and copy %s.crt and %s.key to it",
	    name, name, name);
	say(next,
	    "copy the inventory to the key manager, which throws %s out, and to all hosts; "
	    "they take it over by themselves",
	    old);
	say(next, "restart covey-host there, with `--name %s` if its host name is another", name);
	say(next, "revoke the certificate of %s with `covey pki revoke %s`", old, old);
}

/* Is it a word of its own? */
static bool is_word(const char *text, const char *at, size_t len)
{
	const char *parts = "-_.";
	unsigned char after = (unsigned char)at[len], before = 0;

	if (at > text)
		before = (unsigned char)at[-1];
	return !isalnum(before) && !(before && strchr(parts, before)) && !isalnum(after) &&
	       !(after && strchr(parts, after) && isalnum((unsigned char)at[len + 1]));
}

/* In comments, and in variables that are not covey's. */
static void say_where_left(json_t *next, const char *name, const char *text)
{
	char lines[200] = "";
	size_t line = 1, last = 0, len = 0;

	for (const char *at = text; *at; at++) {
		line += *at == '\n';
		if (strncmp(at, name, strlen(name)) != 0 || !is_word(text, at, strlen(name)) ||
		    line == last || len + 16 > sizeof(lines))
			continue;
		len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s%zu", len ? ", " : "",
					line);
		last = line;
	}
	if (len)
		say(next,
		    "%s is still named in %s %s, in comments or variables of others: look at "
		    "them",
		    name, strchr(lines, ',') ? "lines" : "line", lines);
}

json_t *host_next(const struct host_edit *request, const struct inventory *before,
		  const struct inventory *after, const char *text)
{
	json_t *next = json_array();

	if (request->action == HOST_EDIT_ADD)
		after_add(next, request->name, after);
	else if (request->action == HOST_EDIT_REMOVE)
		after_remove(next, request->name, before);
	else
		after_rename(next, request->name, request->new_name, after);
	if (request->action != HOST_EDIT_ADD)
		say_where_left(next, request->name, text);
	return next;
}
