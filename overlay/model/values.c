/* SPDX-License-Identifier: BSD-3-Clause */
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address_flaw.h"
#include "rules.h"

static bool has_template(const char *text)
{
	return strstr(text, "{{") || strstr(text, "{%") || strstr(text, "{#");
}

static bool node_is_plain(struct reader *reader, const char *name, const struct node *node)
{
	if (node->kind == NODE_ALIAS) {
		reader_report(reader, node,
			      "%s uses the YAML alias *%s, which covey does not follow: write the "
			      "value out, or set it once in a group's vars",
			      name, node->text);
		return false;
	}
	if (node->tag) {
		reader_report(reader, node,
			      "%s has the YAML tag %s: covey's variables are plain values, without "
			      "tags",
			      name, node->tag);
		return false;
	}
	if (node->kind == NODE_SCALAR && has_template(node->text)) {
		reader_report(reader, node,
			      "%s holds a template: covey reads the inventory without Ansible, so "
			      "write the value itself",
			      name);
		return false;
	}
	return true;
}

bool value_is_plain(struct reader *reader, const char *name, const struct node *node)
{
	bool plain = node_is_plain(reader, name, node);

	if (node->kind == NODE_SEQUENCE || node->kind == NODE_MAPPING)
		node_for_each_item(child, node)
			plain &= value_is_plain(reader, name, child);
	return plain;
}

bool value_mismatch(struct reader *reader, const char *name, const struct node *node,
		    const char *expected)
{
	char found[DESCRIPTION_SIZE];

	reader_report(reader, node, "%s must be %s, not %s", name, expected,
		      node_describe(&reader->scalars, node, found));
	return false;
}

enum scalar_kind value_kind(const struct reader *reader, const struct node *node)
{
	/* A collection is none of the kinds that callers accept. */
	return node->kind == NODE_SCALAR ? scalar_kind(&reader->scalars, node) : SCALAR_KINDS;
}

bool value_text(struct reader *reader, const char *name, const struct node *node,
		const char **ret_text)
{
	enum scalar_kind kind = value_kind(reader, node);
	char found[DESCRIPTION_SIZE];

	if (kind == SCALAR_TEXT) {
		*ret_text = node->text;
		return true;
	}
	if (kind == SCALAR_KINDS || kind == SCALAR_NULL)
		return value_mismatch(reader, name, node, "text");
	reader_report(reader, node, "%s must be text, but YAML reads %s here: put it in quotes",
		      name, node_describe(&reader->scalars, node, found));
	return false;
}

static bool read_boolean(struct reader *reader, const struct field *field, const struct node *node,
			 uint64_t *ret_value)
{
	if (value_kind(reader, node) != SCALAR_BOOLEAN)
		return value_mismatch(reader, field->name, node, "true or false");
	*ret_value = scalar_boolean(node->text);
	return true;
}

static bool read_choice(struct reader *reader, const struct field *field, const struct node *node,
			uint64_t *ret_value)
{
	char list[128] = "", hint[SUGGESTION_SIZE], found[DESCRIPTION_SIZE];
	struct suggestion suggestion = suggestion_start("");
	size_t used = 0;

	if (value_kind(reader, node) == SCALAR_TEXT)
		suggestion = suggestion_start(node->text);
	for (const struct choice *choice = field->choices; choice->word; choice++) {
		if (node->kind == NODE_SCALAR && strcmp(choice->word, node->text) == 0) {
			*ret_value = (uint64_t)choice->value;
			return true;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
					 used == 0        ? ""
					 : choice[1].word ? ", "
							  : " or ",
					 choice->word);
		if (*suggestion.word)
			suggestion_try(&suggestion, choice->word);
	}
	reader_report(reader, node, "%s must be %s, not %s%s", field->name, list,
		      node_describe(&reader->scalars, node, found),
		      suggestion_format(&suggestion, hint));
	return false;
}

bool value_address(struct reader *reader, const char *name, bool loopback, const struct node *node,
		   struct covey_addr *ret_address)
{
	enum scalar_kind kind = value_kind(reader, node);
	struct covey_addr address;
	const char *flaw;

	if (kind == SCALAR_SEXAGESIMAL) {
		reader_report(reader, node,
			      "%s: YAML reads %s as a number of base 60: put the address in quotes",
			      name, node->text);
		return false;
	}
	if (kind != SCALAR_TEXT || !covey_addr_parse(node->text, &address))
		return value_mismatch(reader, name, node,
				      "an IP address without mask, like 192.0.2.1 or 2001:db8::1");
	flaw = address_flaw(&address, loopback);
	if (flaw) {
		reader_report(reader, node, "%s must be one machine's address, but %s is %s", name,
			      node->text, flaw);
		return false;
	}
	*ret_address = address;
	return true;
}

/* A single core is a number to YAML, and "off" a boolean; these are good, too. */
static bool is_word_all_the_same(const struct reader *reader, const struct field *field,
				 const struct node *node)
{
	enum scalar_kind kind = value_kind(reader, node);

	return (field->rule == cores_rule && kind == SCALAR_INTEGER && !cores_rule(node->text)) ||
	       (field->rule == metrics_rule && kind == SCALAR_BOOLEAN && !metrics_rule(node->text));
}

static bool read_text(struct reader *reader, const struct field *field, const struct node *node,
		      const char **ret_text)
{
	const char *text = NULL;
	const char *expected;

	if (is_word_all_the_same(reader, field, node)) {
		*ret_text = node->text;
		return true;
	}
	if (!value_text(reader, field->name, node, &text))
		return false;
	expected = field->rule(text);
	if (expected)
		return value_mismatch(reader, field->name, node, expected);
	*ret_text = text;
	return true;
}

/* The names of a list, with a space between each two. */
static bool read_list(struct reader *reader, const struct field *field, const struct node *list,
		      const char **ret_text)
{
	size_t len = 0, count = 0;
	const char *name = NULL;
	char *text;

	node_for_each_item(item, list) {
		if (!read_text(reader, field, item, &name))
			return false;
		len += strlen(name) + 1;
		count++;
	}
	if (count == 0 || count > COVEY_UPLINKS_MAX) {
		reader_report(reader, list, "%s lists %zu names: it takes 1 to %d", field->name,
			      count, COVEY_UPLINKS_MAX);
		return false;
	}
	text = reader_alloc(reader, len);
	if (!text)
		return false;
	node_for_each_item(item, list) {
		if (text[0] != '\0')
			strcat(text, " ");
		strcat(text, item->text);
	}
	*ret_text = text;
	return true;
}

bool value_read(struct reader *reader, const struct field *field, const struct node *node,
		struct field_value *ret_value)
{
	switch (field->type) {
	case FIELD_INTEGER:
		return value_number(reader, field, node, &ret_value->number);
	case FIELD_DURATION:
		return value_duration(reader, field, node, &ret_value->number);
	case FIELD_BOOLEAN:
		return read_boolean(reader, field, node, &ret_value->number);
	case FIELD_CHOICE:
		return read_choice(reader, field, node, &ret_value->number);
	case FIELD_ADDRESS:
		return value_address(reader, field->name, false, node, &ret_value->address);
	case FIELD_TEXT:
		return read_text(reader, field, node, &ret_value->text);
	case FIELD_NAMES:
		if (node->kind == NODE_SEQUENCE)
			return read_list(reader, field, node, &ret_value->text);
		return read_text(reader, field, node, &ret_value->text);
	case FIELD_NODE:
		break;
	}
	return false;
}

static void store_number(void *place, size_t size, uint64_t number)
{
	uint8_t narrow = (uint8_t)number;
	uint16_t half = (uint16_t)number;
	uint32_t word = (uint32_t)number;

	memcpy(place, size == 1 ? (void *)&narrow : size == 2 ? (void *)&half : &word, size);
}

bool value_store(struct reader *reader, const struct field *field, const struct field_value *value,
		 void *object)
{
	void *place = (char *)object + field->offset;
	char *copy;

	if (field->type == FIELD_ADDRESS) {
		memcpy(place, &value->address, sizeof(value->address));
	} else if (field->type == FIELD_TEXT || field->type == FIELD_NAMES) {
		copy = strdup(value->text);
		if (!copy) {
			reader->diagnostics->out_of_memory = true;
			return false;
		}
		free(*(char **)place);
		*(char **)place = copy;
	} else {
		store_number(place, field->size, value->number);
	}
	return true;
}
