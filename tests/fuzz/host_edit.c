/* SPDX-License-Identifier: BSD-3-Clause */

/* The editor behind `covey host`: a host removed from an inventory, renamed in it and added to it.
 * Either it refuses and says why, or the new text differs by that host alone, and no comment of
 * anything else is gone. One execution is an edit; the input says how the inventory is written. */

#include "host_edit.h"
#include "count.h"
#include "host_text.h"
#include "inventory_same.h"
#include "must.h"
#include "variants.h"
#include <errno.h>
#include <string.h>

#define VARIANTS 31

static FILE *sink;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	sink = fopen("/dev/null", "w");
	must(sink && setvbuf(sink, NULL, _IOFBF, 1 << 16) == 0);
	return 0;
}

/* --- the text ----------------------------------------------------------------------------------
 */

/* All between the changes is as it was. */
static void check_rest(const struct text_edit *edit, const char *text, size_t len)
{
	size_t from = 0, to = 0;

	for (size_t i = 0; i < edit->count; i++) {
		const struct text_change *change = &edit->list[i];
		size_t kept = change->at - from, with = strlen(change->with);

		must(change->at >= from && change->at + change->len <= edit->len);
		must(to + kept + with <= len && memcmp(text + to, edit->text + from, kept) == 0);
		must(memcmp(text + to + kept, change->with, with) == 0);
		from = change->at + change->len;
		to += kept + with;
	}
	must(edit->len - from == len - to && memcmp(text + to, edit->text + from, len - to) == 0);
}

static size_t skip(const char *text, size_t at, size_t end, const char *characters)
{
	while (at < end && text[at] && strchr(characters, text[at]))
		at++;
	return at;
}

/* Whole lines that went: they begin with what they are about, so that no comment above is one of
 * them; comments at their end are further in. */
static void check_lines(const char *text, size_t begin, size_t end)
{
	size_t first = skip(text, begin, end, " "), data_end = begin;

	must(first < end && text[first] != '#' && text[first] != '\n' && text[first] != '\r');
	for (size_t at = begin; at < end; at = text_line_next(text, end, at)) {
		size_t word = skip(text, at, end, " \t");

		if (word < end && text[word] != '#' && text[word] != '\n' && text[word] != '\r')
			data_end = text_line_next(text, end, at);
	}
	for (size_t at = data_end; at < end; at = text_line_next(text, end, at)) {
		size_t word = skip(text, at, end, " \t");

		must(word == end || text[word] != '#' || word - at > first - begin);
	}
}

static void check_removed(const struct text_edit *edit, const struct text_change *change)
{
	const char *text = edit->text;
	size_t end = change->at + change->len;

	must(change->with[0] == '\0');
	if (change->at == text_line_start(text, change->at) &&
	    (end == edit->len || end == text_line_start(text, end)) &&
	    memchr(text + change->at, '\n', change->len))
		check_lines(text, change->at, end);
	else
		must(!memchr(text + change->at, '#', change->len));
}

static bool is_word(const char *text, size_t len, const char *word)
{
	size_t quoted = len > 1 && (text[0] == '"' || text[0] == '\'') ? 1 : 0;

	return len == strlen(word) + 2 * quoted && memcmp(text + quoted, word, strlen(word)) == 0;
}

static void check_text(const struct host_edit *request, const struct text_edit *edit)
{
	for (size_t i = 0; i < edit->count; i++) {
		const struct text_change *change = &edit->list[i];

		if (request->action == HOST_EDIT_ADD) {
			must(change->len == 0);
		} else if (request->action == HOST_EDIT_REMOVE) {
			check_removed(edit, change);
		} else {
			must(is_word(edit->text + change->at, change->len, request->name));
			must(is_word(change->with, strlen(change->with), request->new_name));
		}
	}
}

/* --- an edit -----------------------------------------------------------------------------------
 */

/* Without a host, a group may have none; with one more, something may be missing for it. */
static void check_result(const struct host_edit *request, const struct inventory *before,
			 const char *text, size_t len)
{
	struct diagnostics diagnostics;
	struct inventory *after = NULL;

	diagnostics_init(&diagnostics);
	if (inventory_parse("edited.yaml", text, len, &diagnostics, &after) == 0) {
		inventory_must_be_same(before, after, request->name,
				       request->action == HOST_EDIT_RENAME ? request->new_name
									   : NULL);
		must(!inventory_find_host(after, request->name) ==
		     (request->action != HOST_EDIT_ADD));
	} else {
		must(request->action != HOST_EDIT_RENAME);
	}
	inventory_free(after);
	diagnostics_free(&diagnostics);
}

static void edit(struct host_edit *request, const struct inventory *before,
		 const struct host_text *original)
{
	struct covey_error error = {0};
	struct text_edit changes;
	char *text = NULL;
	size_t len;
	int status = host_edit_text(request, before, original->text, original->len, &text, &len,
				    &changes, &error);

	if (status < 0) {
		must(status == -EOPNOTSUPP || status == -EEXIST || status == -ENOENT);
		must(error.text[0] && !strchr(error.text, '\n'));
		return;
	}
	must(status == 0 && changes.count);
	check_rest(&changes, text, len);
	check_text(request, &changes);
	check_result(request, before, text, len);
	text_edit_print(&changes, "fuzz.yaml", sink);
	text_edit_free(&changes);
	free(text);
}

static unsigned edit_all(const struct inventory *before, struct host_text *text)
{
	static const char *const names[] = {"hv-new", "7", "null", "a.b", "1e3", "hv1", "off", "x"};
	const char *host = before->hosts[host_text_choose(text, (unsigned)before->host_count)].name;
	const char *name = names[host_text_choose(text, 8)], *members[] = {"some"};
	struct host_edit remove = {.action = HOST_EDIT_REMOVE, .name = host};
	struct host_edit rename = {.action = HOST_EDIT_RENAME, .name = host, .new_name = name};
	struct host_edit add = {
		.action = HOST_EDIT_ADD,
		.name = name,
		.vtep = text->is_v6 ? "2001:db8:77::77" : "203.0.113.77",
		.ansible_group = host_text_choose(text, 3) ? NULL : "rack",
		.groups = members,
		.group_count = host_text_choose(text, 2),
	};

	edit(&remove, before, text);
	edit(&rename, before, text);
	edit(&add, before, text);
	return 3;
}

static unsigned try(const uint8_t *data, size_t size)
{
	static struct host_text text;
	struct diagnostics diagnostics;
	struct inventory *before = NULL;
	unsigned tried = 0;

	host_text_make(&text, data, size);
	diagnostics_init(&diagnostics);
	if (inventory_parse("fuzz.yaml", text.text, text.len, &diagnostics, &before) == 0)
		tried = edit_all(before, &text);
	inventory_free(before);
	diagnostics_free(&diagnostics);
	return tried;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	count(variants_try(VARIANTS_OF_PLACES, data, size, VARIANTS, try));
	return 0;
}
