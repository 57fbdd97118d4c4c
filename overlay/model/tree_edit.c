/* SPDX-License-Identifier: BSD-3-Clause */
#include "tree_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STEP_DEFAULT 2

static bool refuse(struct tree_edit *edit, const struct node *node, const char *reason)
{
	edit->status = covey_error_set(edit->error, -EOPNOTSUPP, "line %u: %s", node->line, reason);
	return false;
}

static bool no_memory(struct tree_edit *edit)
{
	edit->status = covey_error_set(edit->error, -ENOMEM, "out of memory");
	return false;
}

/* --- the tree -------------------------------------------------------------------------------- */

bool tree_edit_begin(struct tree_edit *edit, const char *text, size_t len,
		     struct covey_error *error)
{
	struct diagnostics diagnostics;
	int status = -ENOMEM;

	*edit = (struct tree_edit){.text = text_edit_start(text, len), .error = error};
	diagnostics_init(&diagnostics);
	if (scalars_init(&edit->scalars) == 0)
		status = yaml_tree_load(&edit->arena, text, len, &diagnostics, &edit->root);
	diagnostics_free(&diagnostics);
	if (status < 0)
		edit->status = covey_error_set(error, status, "the file cannot be read as YAML");
	return status == 0;
}

void tree_edit_end(struct tree_edit *edit)
{
	text_edit_free(&edit->text);
	scalars_free(&edit->scalars);
	arena_free(&edit->arena);
}

struct node *tree_find(const struct node *mapping, const char *name, const struct node **ret_key)
{
	if (!mapping || mapping->kind != NODE_MAPPING)
		return NULL;
	for (struct node *key = mapping->head; key; key = key->next->next) {
		if (key->kind != NODE_SCALAR || strcmp(key->text, name) != 0)
			continue;
		if (ret_key)
			*ret_key = key;
		return key->next;
	}
	return NULL;
}

bool tree_is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && node->plain && !node->tag && node->text[0] == '\0';
}

static struct node *new_node(struct tree_edit *edit, enum node_kind kind, const char *text)
{
	struct node *node = arena_alloc(&edit->arena, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->plain = kind == NODE_SCALAR;
	node->text = text ? arena_copy(&edit->arena, text, strlen(text)) : NULL;
	return text && !node->text ? NULL : node;
}

/* A word that YAML would take for a number or the like, or that has a colon, is put in quotes. */
static struct node *new_word(struct tree_edit *edit, const char *text)
{
	struct node *node = new_node(edit, NODE_SCALAR, text);

	if (node)
		node->plain =
			scalar_kind(&edit->scalars, node) == SCALAR_TEXT && !strchr(text, ':');
	return node;
}

static const char *quote(const struct node *word)
{
	return word->plain ? "" : "\"";
}

static void append(struct node *collection, struct node *first, struct node *last)
{
	struct node **end = &collection->head;

	while (*end)
		end = &(*end)->next;
	*end = first;
	last->next = NULL;
	collection->count++;
}

static struct node *last_of(const struct node *collection)
{
	struct node *last = collection->head;

	while (last && last->next)
		last = last->next;
	return last;
}

/* Takes first to last out. */
static void unlink_nodes(struct node *collection, struct node *first, struct node *last)
{
	struct node **at = &collection->head;

	while (*at != first)
		at = &(*at)->next;
	*at = last->next;
	collection->count--;
}

static bool has_anchor(const struct node *node)
{
	if (node->anchored)
		return true;
	for (const struct node *child = node->head; child; child = child->next)
		if (has_anchor(child))
			return true;
	return false;
}

static bool is_same(const struct node *a, const struct node *b)
{
	const struct node *x = a->head, *y = b->head;

	if (a->kind != b->kind || a->plain != b->plain || a->anchored != b->anchored ||
	    a->count != b->count || !a->tag != !b->tag || !a->text != !b->text)
		return false;
	if ((a->tag && strcmp(a->tag, b->tag) != 0) || (a->text && strcmp(a->text, b->text) != 0))
		return false;
	while (x && y && is_same(x, y)) {
		x = x->next;
		y = y->next;
	}
	return !x && !y;
}

char *tree_edit_check(struct tree_edit *edit, size_t *ret_len)
{
	struct diagnostics diagnostics;
	struct arena arena = {0};
	struct node *root;
	char *text = text_edit_apply(&edit->text, ret_len);
	int status;

	if (!text) {
		edit->status = covey_error_set(
			edit->error, -EOPNOTSUPP,
			"the places to change lie in each other, or memory is short");
		return NULL;
	}
	diagnostics_init(&diagnostics);
	status = yaml_tree_load(&arena, text, *ret_len, &diagnostics, &root);
	diagnostics_free(&diagnostics);
	if (status < 0 || !is_same(edit->root, root)) {
		edit->status = covey_error_set(
			edit->error, -EOPNOTSUPP,
			"the file is written in a way that cannot be changed safely");
		free(text);
		text = NULL;
	}
	arena_free(&arena);
	return text;
}

/* --- places in the text ---------------------------------------------------------------------- */

/* libyaml counts characters. */
static size_t byte_of(const struct tree_edit *edit, uint32_t character)
{
	size_t at = 0;

	for (uint32_t i = 0; i < character && at < edit->text.len; i++)
		do
			at++;
		while (at < edit->text.len && ((unsigned char)edit->text.text[at] & 0xc0) == 0x80);
	return at;
}

static const char *newline(const struct tree_edit *edit)
{
	const char *first = memchr(edit->text.text, '\n', edit->text.len);

	return first && first > edit->text.text && first[-1] == '\r' ? "\r\n" : "\n";
}

/* What is between the start of the line and the node is spaces, and as many dashes. */
static bool begins_line(const struct tree_edit *edit, size_t at, unsigned dashes)
{
	const char *text = edit->text.text;

	for (size_t i = text_line_start(text, at); i < at; i++) {
		if (text[i] == '-' && dashes > 0)
			dashes--;
		else if (text[i] != ' ')
			return false;
	}
	return dashes == 0;
}

/* Where the line after the node's last one begins. */
static size_t line_after(const struct tree_edit *edit, const struct node *last)
{
	size_t end = byte_of(edit, last->end);

	if (end > 0 && edit->text.text[end - 1] == '\n' && last->end > last->begin)
		return end;
	return text_line_next(edit->text.text, edit->text.len, end);
}

/* Comments below that are further in than this column (from 1) belong to what is above. */
static size_t skip_comments(const struct tree_edit *edit, size_t at, uint32_t column)
{
	const char *text = edit->text.text;
	size_t len = edit->text.len;

	for (size_t line = at; line < len; line = text_line_next(text, len, line)) {
		size_t first = line;

		while (first < len && text[first] == ' ')
			first++;
		if (first < len && text[first] == '#' && first - line >= column)
			at = text_line_next(text, len, line);
		else if (first < len && text[first] != '\n' && text[first] != '\r')
			break;
	}
	return at;
}

/* Lines, each with its end, where a line begins, or at the end of a text that lacks its last one.
 */
static void insert_lines(struct tree_edit *edit, size_t at, const char *lines)
{
	bool open = at > 0 && edit->text.text[at - 1] != '\n';
	size_t len = strlen(lines), end = strlen(newline(edit));

	if (open)
		text_edit_replace(&edit->text, at, 0, "%s%.*s", newline(edit), (int)(len - end),
				  lines);
	else
		text_edit_replace(&edit->text, at, 0, "%s", lines);
}

/* --- adding ---------------------------------------------------------------------------------- */

/* How much further in what belongs to a key of this mapping is. */
static uint32_t step_of(const struct node *key, const struct node *mapping)
{
	for (const struct node *k = mapping->head; k; k = k->next->next)
		if (k->next->kind == NODE_MAPPING && !k->next->flow && k->next->head &&
		    k->next->head->column > k->column)
			return k->next->head->column - k->column;
	if (mapping->head && mapping->head->column > key->column)
		return mapping->head->column - key->column;
	return STEP_DEFAULT;
}

static bool add_in_flow(struct tree_edit *edit, const struct node *mapping, const struct node *name,
			const char *inner, const struct node *value)
{
	const struct node *last = last_of(mapping);
	size_t at = last ? byte_of(edit, last->end) : byte_of(edit, mapping->end) - 1;
	bool nothing = tree_is_null(mapping);
	char *pair = NULL;

	if (asprintf(&pair, "%s%s%s: {%s%s%s%s%s}", quote(name), name->text, quote(name),
		     inner ? inner : "", inner ? ": " : "", inner ? quote(value) : "",
		     inner ? value->text : "", inner ? quote(value) : "") < 0)
		return no_memory(edit);
	if (nothing)
		text_edit_replace(&edit->text, byte_of(edit, mapping->end), 0, " {%s}", pair);
	else
		text_edit_replace(&edit->text, at, 0, "%s%s", last ? ", " : "", pair);
	free(pair);
	return true;
}

static bool add_in_block(struct tree_edit *edit, const struct node *key, const struct node *mapping,
			 const struct node *name, const char *inner, const struct node *value)
{
	const struct node *last = last_of(mapping);
	uint32_t step = step_of(key, mapping);
	int indent = (int)(last ? mapping->head->column : key->column + step) - 1;
	size_t at = last ? line_after(edit, last) : line_after(edit, key);
	const char *end = newline(edit);
	char *lines = NULL;
	int len;

	if (last)
		at = skip_comments(edit, at, mapping->head->column);
	len = asprintf(&lines, "%*s%s%s%s:%s", indent, "", quote(name), name->text, quote(name),
		       end);
	if (len >= 0 && inner) {
		char *first = lines;

		lines = NULL;
		len = asprintf(&lines, "%s%*s%s: %s%s%s%s", first, indent + (int)step, "", inner,
			       quote(value), value->text, quote(value), end);
		free(first);
	}
	if (len < 0)
		return no_memory(edit);
	insert_lines(edit, at, lines);
	free(lines);
	return true;
}

bool tree_edit_add_pair(struct tree_edit *edit, const struct node *key, struct node *mapping,
			bool in_flow, const char *name, const char *inner, const char *value)
{
	struct node *word = new_word(edit, name), *below, *inner_key = NULL, *inner_value = NULL;
	bool flow = in_flow || mapping->flow;

	below = new_node(edit, inner || flow ? NODE_MAPPING : NODE_SCALAR,
			 inner || flow ? NULL : "");
	if (inner) {
		inner_key = new_word(edit, inner);
		inner_value = new_word(edit, value);
	}
	if (!word || !below || (inner && (!inner_key || !inner_value)))
		return no_memory(edit);
	if (mapping->kind != NODE_MAPPING && !tree_is_null(mapping))
		return refuse(edit, mapping, "what is here is no mapping of names");
	if (mapping->anchored)
		return refuse(edit, mapping, "an anchor (&) is here");
	if (!(flow ? add_in_flow(edit, mapping, word, inner, inner_value)
		   : add_in_block(edit, key, mapping, word, inner, inner_value)))
		return false;
	if (inner) {
		inner_key->next = inner_value;
		append(below, inner_key, inner_value);
	}
	*mapping = tree_is_null(mapping)
			   ? (struct node){.kind = NODE_MAPPING, .next = mapping->next}
			   : *mapping;
	word->next = below;
	append(mapping, word, below);
	return true;
}

bool tree_edit_add_item(struct tree_edit *edit, struct node *sequence, const char *name)
{
	const struct node *last = last_of(sequence);
	struct node *word = new_word(edit, name);
	char *line = NULL;

	if (!word)
		return no_memory(edit);
	if (sequence->kind != NODE_SEQUENCE || !last)
		return refuse(edit, sequence, "what is here is no list with names in it");
	if (sequence->flow) {
		text_edit_replace(&edit->text, byte_of(edit, last->end), 0, ", %s%s%s", quote(word),
				  word->text, quote(word));
	} else if (!begins_line(edit, byte_of(edit, last->begin), 1)) {
		return refuse(edit, last, "the list does not have a line for each name");
	} else if (asprintf(&line, "%*s- %s%s%s%s", (int)sequence->column - 1, "", quote(word),
			    word->text, quote(word), newline(edit)) < 0) {
		return no_memory(edit);
	} else {
		insert_lines(edit, line_after(edit, last), line);
		free(line);
	}
	append(sequence, word, word);
	return true;
}

/* --- removing -------------------------------------------------------------------------------- */

/* From first to last, and one comma. before: what is before it; NULL: it is the first. */
static bool remove_from_flow(struct tree_edit *edit, const struct node *before,
			     const struct node *first, const struct node *last)
{
	size_t begin = byte_of(edit, first->begin), end = byte_of(edit, last->end);

	if (last->next)
		end = byte_of(edit, last->next->begin);
	else if (before)
		begin = byte_of(edit, before->end);
	if (memchr(edit->text.text + begin, '#', end - begin))
		return refuse(edit, first, "there is a comment beside it, in the same braces");
	text_edit_replace(&edit->text, begin, end - begin, "%s", "");
	return true;
}

static const struct node *before(const struct node *collection, const struct node *node)
{
	const struct node *last = NULL;

	for (const struct node *n = collection->head; n != node; n = n->next)
		last = n;
	return last;
}

static bool remove_lines(struct tree_edit *edit, const struct node *first, const struct node *last,
			 unsigned dashes, uint32_t column)
{
	size_t begin = byte_of(edit, first->begin);
	size_t end = skip_comments(edit, line_after(edit, last), column);

	if (!begins_line(edit, begin, dashes) ||
	    (last->next && byte_of(edit, last->next->begin) < end))
		return refuse(edit, first, "it does not have lines of its own");
	begin = text_line_start(edit->text.text, begin);
	text_edit_replace(&edit->text, begin, end - begin, "%s", "");
	return true;
}

bool tree_edit_remove_pair(struct tree_edit *edit, struct node *mapping, struct node *key)
{
	struct node *value = key->next;

	if (has_anchor(key) || has_anchor(value))
		return refuse(edit, key,
			      "there is an anchor (&) in it, which may be used elsewhere");
	if (!(mapping->flow ? remove_from_flow(edit, before(mapping, key), key, value)
			    : remove_lines(edit, key, value->end > key->end ? value : key, 0,
					   key->column)))
		return false;
	unlink_nodes(mapping, key, value);
	if (!mapping->head && !mapping->flow)
		*mapping = (struct node){.kind = NODE_SCALAR,
					 .plain = true,
					 .text = "",
					 .anchored = mapping->anchored,
					 .next = mapping->next};
	return true;
}

bool tree_edit_remove_item(struct tree_edit *edit, struct node *sequence, struct node *item)
{
	if (item->anchored)
		return refuse(edit, item, "there is an anchor (&), which may be used elsewhere");
	if (sequence->count == 1)
		return refuse(edit, item, "the list would be empty");
	if (!(sequence->flow ? remove_from_flow(edit, before(sequence, item), item, item)
			     : remove_lines(edit, item, item, 1, item->column)))
		return false;
	unlink_nodes(sequence, item, item);
	return true;
}

bool tree_edit_reword(struct tree_edit *edit, struct node *scalar, const char *word)
{
	size_t begin = byte_of(edit, scalar->begin), end = byte_of(edit, scalar->end);
	struct node *fresh = new_word(edit, word);
	const char *text = edit->text.text;
	size_t quoted = !scalar->plain;

	if (!fresh)
		return no_memory(edit);
	if (end - begin != strlen(scalar->text) + 2 * quoted ||
	    memcmp(text + begin + quoted, scalar->text, strlen(scalar->text)) != 0)
		return refuse(edit, scalar, "it is not written as a plain or quoted word");
	if (quoted)
		text_edit_replace(&edit->text, begin + 1, end - begin - 2, "%s", word);
	else
		text_edit_replace(&edit->text, begin, end - begin, "%s%s%s",
				  word[0] ? quote(fresh) : "", word, word[0] ? quote(fresh) : "");
	scalar->text = fresh->text;
	scalar->plain = !quoted && (fresh->plain || word[0] == '\0');
	return true;
}
