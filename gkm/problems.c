/* SPDX-License-Identifier: BSD-3-Clause */
#include "problems.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* More of them would be no page any more. */
#define PROBLEMS_MAX 64

__attribute__((format(printf, 2, 3))) static void add(json_t *problems, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (json_array_size(problems) < PROBLEMS_MAX)
		json_array_append_new(problems, json_string(text));
	else if (json_array_size(problems) == PROBLEMS_MAX)
		json_array_append_new(problems, json_string("there are more problems: `covey show "
							    "--gkm` has all members and groups"));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* --- certificates ---------------------------------------------------------------------------- */

static const char *whose(const char *role)
{
	return strcmp(role, "trusted") == 0  ? "the certificate of another CA in ca.crt"
	       : strcmp(role, "issuer") == 0 ? "the certificate of its CA"
					     : "the key manager's certificate";
}

/* A CA cannot be renewed. */
#define ANOTHER_CA                                                                                 \
	"make another CA in a folder of its own (`covey --pki FOLDER pki init`), and all "         \
	"certificates by it (\"Replace the CA\" in operations.md)"

static const char *when_expired(const char *role)
{
	if (strcmp(role, "trusted") == 0)
		return "take it out of ca.crt";
	if (strcmp(role, "issuer") == 0)
		return "sessions stay, but none begins any more: " ANOTHER_CA;
	return "sessions stay, but none begins any more: put a new one in its place (`covey pki "
	       "renew gkm`)";
}

static const char *when_near(const char *role)
{
	if (strcmp(role, "trusted") == 0)
		return "put a new CA beside it in ca.crt, and make new certificates; or take it "
		       "out if none is by it";
	if (strcmp(role, "issuer") == 0)
		return ANOTHER_CA;
	return "make a new one with `covey pki renew` and copy it here";
}

static void check_end(json_t *problems, const json_t *certificate)
{
	const char *role = text_of(certificate, "role"), *who = whose(role);
	const char *subject = text_of(certificate, "subject"),
		   *end = text_of(certificate, "not_after");

	if (number_of(certificate, "ends_s") <= 0)
		add(problems, "%s (%s) has expired at %s: %s", who, subject, end,
		    when_expired(role));
	else if (is_true(certificate, "near"))
		add(problems, "%s (%s) ends at %s, and then no session begins by it any more: %s",
		    who, subject, end, when_near(role));
}

static void check_lists(json_t *problems, const json_t *lists)
{
	if (is_true(lists, "late") || is_true(lists, "near"))
		add(problems,
		    "the revocation list %s should %s replaced by %s: make it again with `covey "
		    "pki crl`, and copy it here",
		    text_of(lists, "path"), is_true(lists, "late") ? "have been" : "be",
		    text_of(lists, "next_update"));
}

static void check_certificates(json_t *problems, const json_t *answer)
{
	const json_t *certificate;
	size_t i;

	json_array_foreach(json_object_get(answer, "certificates"), i, certificate)
		check_end(problems, certificate);
	if (json_is_string(json_object_get(answer, "certificates_problem")))
		add(problems,
		    "the files of the key manager's key, certificate and CAs cannot be used, so "
		    "those that were loaded before stay in force: %.600s",
		    text_of(answer, "certificates_problem"));
	check_lists(problems, json_object_get(answer, "revocations"));
}

/* --- groups ---------------------------------------------------------------------------------- */

static bool has_active_sa(const json_t *group)
{
	const json_t *sa;
	size_t i;

	json_array_foreach(json_object_get(group, "sas"), i, sa)
		if (strcmp(text_of(sa, "state"), "active") == 0)
			return true;
	return false;
}

static void check_group(json_t *problems, const json_t *group)
{
	const char *name = text_of(group, "name");
	const char *mode = text_of(json_object_get(group, "mode"), "mode");

	if (number_of(group, "connected") > 0 && !has_active_sa(group))
		add(problems,
		    "group %s has members that are connected, and no active key: look at the log "
		    "(`journalctl -e -u covey-gkm`), or try `covey rekey %s`",
		    name, name);
	if (mode[0] != '\0' && strcmp(mode, "enforce") != 0)
		add(problems,
		    "group %s is in %s, so its VXLAN may be in clear: `covey mode %s` says what is "
		    "in the way of enforce",
		    name, mode, name);
}

/* --- members --------------------------------------------------------------------------------- */

/* "hv1" of "spiffe://fabric/host/hv1". */
static const char *name_of(const json_t *member)
{
	const char *slash = strrchr(text_of(member, "identity"), '/');

	return slash ? slash + 1 : text_of(member, "identity");
}

/* Of which members something is said, and what: the host's name, what, its groups, what to do. */
struct flaw {
	bool (*is)(const json_t *member);
	const char *what, *do_this;
};

static bool is_away(const json_t *member)
{
	return strcmp(text_of(member, "state"), "away") == 0;
}

static bool is_absent(const json_t *member)
{
	return strcmp(text_of(member, "state"), "absent") == 0;
}

static bool is_deaf(const json_t *member)
{
	return is_true(member, "deaf") || is_true(member, "perhaps_deaf");
}

static const struct flaw flaws[] = {
	{is_away, "has lost its connection to the key manager",
	 "look at `covey status` there, or throw it out with `covey evict`"},
	{is_absent, "has not come yet",
	 "start covey-host there, or take the host out of the inventory"},
	{is_deaf, "hears nothing of what others send", "look at `covey status` there"},
};

/* Of each host of whom it is true, the names of the groups. */
static json_t *find_flawed(const json_t *groups, const struct flaw *flaw)
{
	json_t *hosts = json_object(), *names;
	const json_t *group, *member;
	size_t i, j;

	json_array_foreach(groups, i, group)
		json_array_foreach(json_object_get(group, "members"), j, member) {
			if (!flaw->is(member))
				continue;
			names = json_object_get(hosts, name_of(member));
			if (!names) {
				names = json_array();
				json_object_set_new(hosts, name_of(member), names);
			}
			json_array_append(names, json_object_get(group, "name"));
		}
	return hosts;
}

static void join_names(const json_t *names, char *buf, size_t size)
{
	const json_t *name;
	size_t i, len = 0;

	json_array_foreach(names, i, name) {
		if (len + 96 > size) {
			snprintf(buf + len, size - len, " and %zu more",
				 json_array_size(names) - i);
			return;
		}
		len += (size_t)snprintf(buf + len, size - len, "%s%.63s", i ? ", " : "group ",
					json_string_value(name));
	}
}

static void check_members(json_t *problems, const json_t *groups)
{
	char text[256];
	const char *host;
	json_t *names;

	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		json_t *hosts = find_flawed(groups, &flaws[i]);

		json_object_foreach(hosts, host, names) {
			join_names(names, text, sizeof(text));
			add(problems, "%s %s (%s): %s", host, flaws[i].what, text,
			    flaws[i].do_this);
		}
		json_decref(hosts);
	}
}

json_t *problems_list(const json_t *answer)
{
	const json_t *groups = json_object_get(answer, "groups"), *group;
	json_t *problems = json_array();
	size_t i;

	if (!problems)
		return NULL;
	check_certificates(problems, answer);
	json_array_foreach(groups, i, group)
		check_group(problems, group);
	check_members(problems, groups);
	return problems;
}
