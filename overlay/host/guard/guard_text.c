/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct guard_reader guard_read_text(const char *text)
{
	return (struct guard_reader){.at = text};
}

/* Copy what stands between quotes after this key. False when there is no such key. */
static bool take_quoted(const char *line, size_t len, const char *key, char *ret_what, size_t size)
{
	const char *start = memmem(line, len, key, strlen(key)), *end;

	if (!start)
		return false;
	start += strlen(key);
	end = memchr(start, '"', len - (size_t)(start - line));
	if (!end)
		return false;
	snprintf(ret_what, size, "%.*s", (int)(end - start), start);
	return true;
}

/* "hook egress of fab0" */
static void take_hook(const char *line, size_t len, const char *hook, struct guard_line *ret_line)
{
	char device[32];
	size_t word = strcspn(hook, " ");

	if (take_quoted(line, len, "device \"", device, sizeof(device)))
		snprintf(ret_line->what, sizeof(ret_line->what), "hook %.*s of %s", (int)word, hook,
			 device);
	else
		snprintf(ret_line->what, sizeof(ret_line->what), "hook %.*s", (int)word, hook);
	ret_line->kind = GUARD_LINE_HOOK;
}

static bool begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* A rule without a comment is not ours. */
static bool is_known_by_comment(const char *comment)
{
	return comment[0] != '\0' && !begins(comment, strlen(comment), GUARD_PASS);
}

static void take_rule(const char *line, size_t len, struct guard_line *ret_line)
{
	const char *packets = memmem(line, len, "counter packets ", 16);

	ret_line->kind = GUARD_LINE_RULE;
	ret_line->drops = memmem(line, len, " drop ", 6) != NULL;
	ret_line->counts = packets != NULL;
	if (packets)
		ret_line->packets = strtoull(packets + 16, NULL, 10);
	take_quoted(line, len, "comment \"", ret_line->what, sizeof(ret_line->what));
	if (!is_known_by_comment(ret_line->what))
		snprintf(ret_line->what, sizeof(ret_line->what), "%.*s", (int)len, line);
}

static void take_table(struct guard_reader *reader, const char *line, struct guard_line *ret_line)
{
	ret_line->kind = GUARD_LINE_TABLE;
	sscanf(line, "table %7s %135[^ {]", reader->family, ret_line->what);
	reader->chain[0] = '\0';
}

static void take_chain(struct guard_reader *reader, const char *line, struct guard_line *ret_line)
{
	ret_line->kind = GUARD_LINE_CHAIN;
	sscanf(line, "chain %31[^ {]", reader->chain);
}

static void take_set(struct guard_reader *reader, const char *line, struct guard_line *ret_line)
{
	ret_line->kind = GUARD_LINE_SET;
	sscanf(line, "set %135[^ {]", ret_line->what);
	reader->in_set = true;
}

/* False when the line says nothing. */
static bool take_line(struct guard_reader *reader, const char *line, size_t len,
		      struct guard_line *ret_line)
{
	const char *hook = memmem(line, len, " hook ", 6);

	if (len && *line == '}') {
		reader->chain[0] = '\0';
		reader->in_set = false;
	}
	if (reader->in_set || len == 0 || *line == '}' || begins(line, len, "add ") ||
	    begins(line, len, "delete "))
		return false;
	if (begins(line, len, "table "))
		take_table(reader, line, ret_line);
	else if (begins(line, len, "chain "))
		take_chain(reader, line, ret_line);
	else if (reader->chain[0] == '\0' && begins(line, len, "set "))
		take_set(reader, line, ret_line);
	else if (reader->chain[0] == '\0' && begins(line, len, "comment "))
		return false;
	else if (reader->chain[0] == '\0') {
		ret_line->kind = GUARD_LINE_FLAGS;
		snprintf(ret_line->what, sizeof(ret_line->what), "%.*s", (int)len, line);
	} else if (hook && begins(line, len, "type "))
		take_hook(line, len, hook + 6, ret_line);
	else
		take_rule(line, len, ret_line);
	return true;
}

bool guard_read_line(struct guard_reader *reader, struct guard_line *ret_line)
{
	while (*reader->at) {
		const char *line = reader->at + strspn(reader->at, " \t\n");
		size_t len = strcspn(line, "\n");
		struct guard_line found = {0};

		reader->at = line + len;
		if (!take_line(reader, line, len, &found))
			continue;
		snprintf(found.family, sizeof(found.family), "%s", reader->family);
		snprintf(found.chain, sizeof(found.chain), "%s", reader->chain);
		*ret_line = found;
		return true;
	}
	return false;
}

/* "udp dport 8472 counter", or "udp dport { 8472, 9999 } counter". */
static size_t take_ports(const char *line, size_t len, uint16_t *ret_ports, size_t max)
{
	static const char key[] = "udp dport ";
	const char *at = memmem(line, len, key, strlen(key));
	size_t count = 0;

	if (!at)
		return 0;
	at += strlen(key);
	while (count < max) {
		char *end;

		at += strspn(at, " {,");
		ret_ports[count] = (uint16_t)strtoul(at, &end, 10);
		if (end == at)
			break;
		count++;
		at = end;
	}
	return count;
}

size_t guard_read_ports(const char *text, const char *comment, uint16_t *ret_ports, size_t max)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char what[GUARD_WORD_SIZE];

		if (take_quoted(text, len, "comment \"", what, sizeof(what)) &&
		    strcmp(what, comment) == 0)
			return take_ports(text, len, ret_ports, max);
		text += len + (text[len] == '\n');
	}
	return 0;
}

const char *guard_find_elements(const char *text, const char *family, const char *name)
{
	char table[16] = "", set[64] = "";
	bool inside = false;

	for (const char *line = text; *line;) {
		const char *end = line + strcspn(line, "\n"), *at = line + strspn(line, " \t");

		if (sscanf(at, "table %15s", table) != 1 && sscanf(at, "set %63s {", set) == 1)
			inside = strcmp(table, family) == 0 && strcmp(set, name) == 0;
		else if (*at == '}')
			inside = false;
		else if (inside && strncmp(at, "elements = {", 12) == 0)
			return at + 12;
		line = end + (*end == '\n');
	}
	return NULL;
}

/* "netdev chain egress, rule "clear VXLAN"" */
static void describe(const struct guard_line *line, char *ret_text, size_t size)
{
	switch (line->kind) {
	case GUARD_LINE_TABLE:
		snprintf(ret_text, size, "table %s %.130s", line->family, line->what);
		break;
	case GUARD_LINE_FLAGS:
		snprintf(ret_text, size, "%s table's \"%.130s\"", line->family, line->what);
		break;
	case GUARD_LINE_SET:
		snprintf(ret_text, size, "%s set %.130s", line->family, line->what);
		break;
	case GUARD_LINE_CHAIN:
		snprintf(ret_text, size, "%s chain %s", line->family, line->chain);
		break;
	case GUARD_LINE_HOOK:
		snprintf(ret_text, size, "%s chain %s at %.130s", line->family, line->chain,
			 line->what);
		break;
	case GUARD_LINE_RULE:
		snprintf(ret_text, size, "%s chain %s, rule \"%.130s\"", line->family, line->chain,
			 line->what);
		break;
	}
}

static bool is_same(const struct guard_line *a, const struct guard_line *b)
{
	return a->kind == b->kind && strcmp(a->family, b->family) == 0 &&
	       strcmp(a->chain, b->chain) == 0 && strcmp(a->what, b->what) == 0;
}

static bool holds(const char *text, const struct guard_line *wanted)
{
	struct guard_reader reader = guard_read_text(text);
	struct guard_line line;

	while (guard_read_line(&reader, &line)) {
		if (is_same(&line, wanted))
			return true;
	}
	return false;
}

static int report(const struct guard_line *line, int status, const char *how,
		  struct covey_error *error)
{
	char text[256];

	describe(line, text, sizeof(text));
	return covey_error_set(error, status, "%s %s", text, how);
}

/* The next line of the same chain. */
static bool read_chain_line(struct guard_reader *reader, const struct guard_line *chain,
			    struct guard_line *ret_line)
{
	while (guard_read_line(reader, ret_line)) {
		if (strcmp(ret_line->family, chain->family) == 0 &&
		    strcmp(ret_line->chain, chain->chain) == 0)
			return true;
	}
	return false;
}

static int compare_chain(const char *asked, const char *listed, const struct guard_line *chain,
			 struct covey_error *error)
{
	struct guard_reader ours = guard_read_text(asked), theirs = guard_read_text(listed);
	struct guard_line want, have;

	while (read_chain_line(&ours, chain, &want)) {
		if (!read_chain_line(&theirs, chain, &have))
			return report(&want, -ENOENT, "is missing", error);
		if (is_same(&want, &have))
			continue;
		if (!holds(listed, &want))
			return report(&want, -ENOENT, "is missing", error);
		return report(&have, -EEXIST, "is not where covey put it", error);
	}
	if (read_chain_line(&theirs, chain, &have))
		return report(&have, -EEXIST, "is not covey's", error);
	return 0;
}

/* Only within a chain does the order count: a chain or set that is added to a table is listed
 * behind the others. */
int guard_compare(const char *asked, const char *listed, struct covey_error *error)
{
	struct guard_reader ours = guard_read_text(asked), theirs = guard_read_text(listed);
	struct guard_line line;
	int status = 0;

	while (status == 0 && guard_read_line(&ours, &line)) {
		if (line.kind == GUARD_LINE_CHAIN)
			status = compare_chain(asked, listed, &line, error);
		else if (line.chain[0] == '\0' && !holds(listed, &line))
			status = report(&line, -ENOENT, "is missing", error);
	}
	while (status == 0 && guard_read_line(&theirs, &line)) {
		if ((line.kind == GUARD_LINE_CHAIN || line.chain[0] == '\0') &&
		    !holds(asked, &line))
			status = report(&line, -EEXIST, "is not covey's", error);
	}
	return status;
}
