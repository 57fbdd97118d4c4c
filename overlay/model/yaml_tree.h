/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A YAML document as a tree of nodes that know their place. Scalars keep their text; scalar.h says
 * what it means. Aliases stay nodes that name an anchor, and are never followed: so a file of a few
 * lines cannot become gigabytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "diagnostics.h"

enum node_kind {
	NODE_SCALAR,
	NODE_SEQUENCE,
	NODE_MAPPING,
	NODE_ALIAS, /* text is the anchor's name */
};

struct node {
	enum node_kind kind;
	uint32_t line;     /* from 1 */
	uint32_t column;   /* from 1 */
	uint32_t begin;    /* characters of the text before it, its anchor and tag */
	uint32_t end;      /* and before what follows it; of a block of lines: before its last's */
	bool flow;         /* a collection in braces or brackets */
	bool anchored;     /* with an anchor, &name */
	bool plain;        /* a scalar without quotes: `5` is a number, "5" is text */
	const char *tag;   /* written in the file, else NULL */
	const char *text;  /* of a scalar or alias; no zero byte but the last */
	uint32_t count;    /* items of a sequence, pairs of a mapping */
	struct node *head; /* first item or first key; a key's next is its value */
	struct node *next;
};

/* For each key and its value in a mapping, for each item in a sequence. */
#define node_for_each_pair(key, value, mapping)                                                    \
	for (const struct node *key = (mapping)->head, *value = key ? key->next : NULL; key;       \
	     key = value->next, value = key ? key->next : NULL)
#define node_for_each_item(item, sequence)                                                         \
	for (const struct node *item = (sequence)->head; item; item = item->next)

/*
 * Load the only document of text into nodes that live in arena. Bounded by
 * COVEY_INVENTORY_DEPTH_MAX and COVEY_INVENTORY_NODES_MAX. Duplicate keys are reported, and loading
 * goes on.
 *
 * Returns 0 and sets *ret_root, -EINVAL with the reason in diagnostics, or -ENOMEM.
 */
int yaml_tree_load(struct arena *arena, const char *text, size_t len,
		   struct diagnostics *diagnostics, struct node **ret_root);
