/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_inventory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "report_redact.h"

#define DEPTH_MAX 32

/* What a mapping has: where values are, and which may be seen. */
enum kind {
	GROUPS,    /* names of groups */
	GROUP,     /* hosts, vars, children */
	HOSTS,     /* names of hosts */
	VARIABLES, /* some may be seen */
	SHOWN,     /* all below a variable that may be seen */
	HIDDEN
};

struct level {
	enum kind kind; /* of this mapping or sequence */
	enum kind next; /* of the value that comes */
	bool is_mapping, has_key;
};

struct walk {
	FILE *stream;
	const char *at; /* what is not written yet */
	size_t index;   /* its number, in characters */
	struct level levels[DEPTH_MAX];
	int depth;
};

static bool is_shown(const char *name)
{
	static const char *const names[] = {"ansible_host", "ansible_port", "ansible_user"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "covey_", strlen("covey_")) == 0;
}

/* Of what is below name in a mapping of that kind. */
static enum kind below(enum kind kind, const char *name)
{
	switch (kind) {
	case GROUPS:
		return GROUP;
	case GROUP:
		if (strcmp(name, "hosts") == 0)
			return HOSTS;
		if (strcmp(name, "children") == 0)
			return GROUPS;
		return strcmp(name, "vars") == 0 ? VARIABLES : HIDDEN;
	case HOSTS:
		return VARIABLES;
	case VARIABLES:
		return is_shown(name) ? SHOWN : HIDDEN;
	default:
		return kind;
	}
}

/* --- writing --------------------------------------------------------------------------------- */

/* Where the character of that number begins: libyaml counts characters. */
static const char *find(const struct walk *walk, size_t index)
{
	const char *at = walk->at;

	for (size_t left = index > walk->index ? index - walk->index : 0; left && *at != '\0';
	     left--) {
		at++;
		while (((unsigned char)*at & 0xc0) == 0x80)
			at++;
	}
	return at;
}

/* What is between values: without comments. */
static void write_between(struct walk *walk, size_t index)
{
	const char *end = find(walk, index);
	char before = '\n';

	for (const char *at = walk->at; at < end; at++) {
		if (*at == '#' && strchr(" \t\r\n", before)) {
			at += strcspn(at, "\n");
			if (at >= end)
				break;
		}
		putc(*at, walk->stream);
		before = *at;
	}
	walk->at = end;
	if (index > walk->index)
		walk->index = index;
}

static void write_scalar(struct walk *walk, const yaml_event_t *event, bool shown)
{
	const char *end;

	write_between(walk, event->start_mark.index);
	end = find(walk, event->end_mark.index);
	/* The line ends behind a block. */
	while (end > walk->at && strchr(" \t\r\n", end[-1]))
		end--;
	if (shown || end == walk->at)
		fwrite(walk->at, 1, (size_t)(end - walk->at), walk->stream);
	else
		fputs(REPORT_HIDDEN, walk->stream);
	for (; walk->at < end; walk->at++)
		walk->index += ((unsigned char)*walk->at & 0xc0) != 0x80;
}

/* --- walking --------------------------------------------------------------------------------- */

/* What comes now is of the kind that is returned; *ret_key: it is a key. */
static enum kind take(struct walk *walk, const char *text, bool *ret_key)
{
	struct level *level = &walk->levels[walk->depth];

	*ret_key = level->is_mapping && !level->has_key;
	level->has_key = *ret_key;
	if (!*ret_key)
		return level->next;
	level->next = below(level->kind, text);
	return level->kind;
}

static bool open_level(struct walk *walk, bool is_mapping)
{
	bool is_key;
	enum kind kind = take(walk, "", &is_key);

	if (walk->depth + 1 >= DEPTH_MAX)
		return false;
	if (is_key || (!is_mapping && kind != SHOWN))
		kind = HIDDEN;
	walk->levels[++walk->depth] =
		(struct level){.kind = kind, .next = kind, .is_mapping = is_mapping};
	return true;
}

/* Returns whether it goes on. */
static bool handle(struct walk *walk, const yaml_event_t *event)
{
	const char *text;
	enum kind kind;
	bool is_key;

	switch (event->type) {
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return open_level(walk, event->type == YAML_MAPPING_START_EVENT);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		walk->depth--;
		return true;
	case YAML_SCALAR_EVENT:
		text = (const char *)event->data.scalar.value;
		kind = take(walk, text, &is_key);
		write_scalar(walk, event, is_key ? kind != HIDDEN : kind == SHOWN);
		return true;
	case YAML_ALIAS_EVENT:
		take(walk, "", &is_key);
		return true;
	default:
		return event->type != YAML_STREAM_END_EVENT;
	}
}

static bool walk_all(struct walk *walk)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;

	if (!yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)walk->at, strlen(walk->at));
	while (more && yaml_parser_parse(&parser, &event)) {
		more = handle(walk, &event);
		if (event.type == YAML_STREAM_END_EVENT)
			write_between(walk, event.end_mark.index);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return true;
}

char *report_inventory(const char *text)
{
	struct walk walk = {.at = text};
	char *clean = NULL;
	size_t size;
	bool good;

	walk.levels[0].next = GROUPS;
	walk.stream = open_memstream(&clean, &size);
	if (!walk.stream)
		return NULL;
	good = walk_all(&walk);
	if (*walk.at != '\0')
		fputs("[behind a mistake: " REPORT_HIDDEN "]\n", walk.stream);
	if (fclose(walk.stream) == 0 && good)
		return clean;
	free(clean);
	return NULL;
}
