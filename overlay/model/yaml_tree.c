/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml_tree.h"

#include <covey/limits.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "lines.h"

struct builder {
	yaml_parser_t parser;
	struct arena *arena;
	struct diagnostics *diagnostics;
	const char *text;
	size_t len;
	struct node *root;
	struct node *open[COVEY_INVENTORY_DEPTH_MAX]; /* collections not yet ended */
	struct node *last[COVEY_INVENTORY_DEPTH_MAX]; /* newest child of each */
	unsigned depth;
	size_t nodes;
};

/* For bytes that are not UTF-8, libyaml gives an offset instead of a place. */
static void place_of_offset(const struct builder *builder, size_t offset, size_t *ret_line,
			    size_t *ret_column)
{
	size_t len = offset < builder->len ? offset : builder->len;
	struct line_cursor cursor = line_cursor_start(builder->text, len);
	size_t line = 1;

	while (line_cursor_seek(&cursor, line + 1))
		line++;
	*ret_line = line;
	*ret_column = (size_t)(builder->text + len - cursor.start) + 1;
}

static int report_syntax(const struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	const char *problem = parser->problem ? parser->problem : "unreadable";
	size_t line = parser->problem_mark.line + 1;
	size_t column = parser->problem_mark.column + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		place_of_offset(builder, parser->problem_offset, &line, &column);
	if (parser->error == YAML_READER_ERROR)
		diagnostics_add(builder->diagnostics, line, column,
				"not valid YAML: %s; save the file as plain UTF-8 text", problem);
	else if (parser->context)
		diagnostics_add(builder->diagnostics, line, column,
				"not valid YAML: %s (%s that began at line %zu)", problem,
				parser->context, parser->context_mark.line + 1);
	else
		diagnostics_add(builder->diagnostics, line, column, "not valid YAML: %s", problem);
	return -EINVAL;
}

static int refuse(const struct builder *builder, const yaml_event_t *event, const char *reason)
{
	diagnostics_add(builder->diagnostics, event->start_mark.line + 1,
			event->start_mark.column + 1, "%s", reason);
	return -EINVAL;
}

/* Make a node and hang it below the innermost open collection. */
static int add_node(struct builder *builder, const yaml_event_t *event, enum node_kind kind,
		    struct node **ret_node)
{
	struct node *node;
	struct node *parent = builder->depth ? builder->open[builder->depth - 1] : NULL;

	if (++builder->nodes > COVEY_INVENTORY_NODES_MAX)
		return refuse(builder, event, "the inventory has too many values from here on");
	node = arena_alloc(builder->arena, sizeof(*node));
	if (!node)
		return -ENOMEM;
	node->kind = kind;
	node->line = (uint32_t)event->start_mark.line + 1;
	node->column = (uint32_t)event->start_mark.column + 1;
	node->begin = (uint32_t)event->start_mark.index;
	node->end = (uint32_t)event->end_mark.index;
	if (!parent) {
		builder->root = node;
	} else {
		if (parent->head)
			builder->last[builder->depth - 1]->next = node;
		else
			parent->head = node;
		builder->last[builder->depth - 1] = node;
		parent->count++;
	}
	*ret_node = node;
	return 0;
}

static int set_tag(struct builder *builder, struct node *node, const yaml_char_t *tag)
{
	if (!tag)
		return 0;
	node->tag = arena_copy(builder->arena, (const char *)tag, strlen((const char *)tag));
	return node->tag ? 0 : -ENOMEM;
}

static int add_scalar(struct builder *builder, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct node *node;
	int status;

	if (memchr(value, 0, len))
		return refuse(builder, event, "this text holds a zero byte (\\0): remove it");
	status = add_node(builder, event, NODE_SCALAR, &node);
	if (status < 0)
		return status;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->anchored = event->data.scalar.anchor != NULL;
	node->text = arena_copy(builder->arena, value, len);
	if (!node->text)
		return -ENOMEM;
	return set_tag(builder, node, event->data.scalar.tag);
}

static int add_alias(struct builder *builder, const yaml_event_t *event)
{
	const char *anchor = (const char *)event->data.alias.anchor;
	struct node *node;
	int status = add_node(builder, event, NODE_ALIAS, &node);

	if (status < 0)
		return status;
	node->text = arena_copy(builder->arena, anchor, strlen(anchor));
	return node->text ? 0 : -ENOMEM;
}

static int begin(struct builder *builder, const yaml_event_t *event, enum node_kind kind)
{
	bool mapping = kind == NODE_MAPPING;
	const yaml_char_t *tag =
		mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	const yaml_char_t *anchor =
		mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	struct node *node;
	int status;

	if (builder->depth == COVEY_INVENTORY_DEPTH_MAX)
		return refuse(builder, event, "the inventory is nested too deeply here");
	status = add_node(builder, event, kind, &node);
	if (status < 0)
		return status;
	node->flow = mapping ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
			     : event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	node->anchored = anchor != NULL;
	builder->open[builder->depth++] = node;
	return set_tag(builder, node, tag);
}

static int by_key(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a;
	const struct node *y = *(const struct node *const *)b;
	int order = strcmp(x->text, y->text);

	if (order)
		return order;
	if (x->plain != y->plain)
		return x->plain ? -1 : 1;
	return x->line != y->line ? (x->line < y->line ? -1 : 1)
				  : (x->column < y->column ? -1 : x->column > y->column);
}

/* Ansible would silently take the later of two equal keys. */
static int report_duplicates(const struct builder *builder, const struct node *mapping)
{
	const struct node **keys = calloc(mapping->count + 1, sizeof(*keys));
	size_t count = 0;

	if (!keys)
		return -ENOMEM;
	node_for_each_pair(key, value, mapping)
		if (key->kind == NODE_SCALAR)
			keys[count++] = key;
	qsort(keys, count, sizeof(*keys), by_key);
	for (size_t i = 1; i < count; i++)
		if (strcmp(keys[i]->text, keys[i - 1]->text) == 0)
			diagnostics_add(builder->diagnostics, keys[i]->line, keys[i]->column,
					"%s is here twice, first at line %u: keep one of them",
					keys[i]->text, keys[i - 1]->line);
	free(keys);
	return 0;
}

static int end(struct builder *builder, const yaml_event_t *event)
{
	struct node *node = builder->open[--builder->depth];

	if (node->flow)
		node->end = (uint32_t)event->end_mark.index;
	else if (node->head)
		node->end = builder->last[builder->depth]->end;
	if (node->kind != NODE_MAPPING)
		return 0;
	node->count /= 2;
	return report_duplicates(builder, node);
}

static int take_event(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return builder->root ? refuse(builder, event,
					      "a second YAML document begins here: an inventory "
					      "is one document")
				     : 0;
	case YAML_SCALAR_EVENT:
		return add_scalar(builder, event);
	case YAML_ALIAS_EVENT:
		return add_alias(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return begin(builder, event, NODE_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		return begin(builder, event, NODE_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return end(builder, event);
	default:
		return 0;
	}
}

static int build(struct builder *builder)
{
	bool done = false;
	int status = 0;

	while (!done && status == 0) {
		yaml_event_t event;

		if (!yaml_parser_parse(&builder->parser, &event))
			return report_syntax(builder);
		status = take_event(builder, &event);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	if (status == 0 && !builder->root) {
		diagnostics_add(
			builder->diagnostics, 0, 0,
			"the inventory is empty: it needs at least all: with vars and hosts");
		return -EINVAL;
	}
	return status;
}

int yaml_tree_load(struct arena *arena, const char *text, size_t len,
		   struct diagnostics *diagnostics, struct node **ret_root)
{
	struct builder builder = {
		.arena = arena, .diagnostics = diagnostics, .text = text, .len = len};
	int status;

	if (!yaml_parser_initialize(&builder.parser))
		return -ENOMEM;
	/* Do not let libyaml guess: a byte order mark must not turn the file into UTF-16. */
	yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text, len);
	status = build(&builder);
	yaml_parser_delete(&builder.parser);
	if (status == 0)
		*ret_root = builder.root;
	return status;
}
