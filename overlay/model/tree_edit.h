/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Changes of a YAML file that keep its comments and layout. Each is made twice: in the tree, and in
 * the text at the places that the tree's nodes have. tree_edit_check() reads the changed text
 * again: only if it says the same as the changed tree was the text understood.
 *
 * Each function returns false with a reason when it cannot make the change in the text safely; the
 * file stays as it is then.
 */

#include <covey/error.h>

#include "scalar.h"
#include "text_edit.h"
#include "yaml_tree.h"

struct tree_edit {
	struct arena arena;
	struct scalars scalars;
	struct node *root;
	struct text_edit text;
	int status;                /* negative errno, when a function has said false */
	struct covey_error *error; /* why */
};

/* The text must be a good inventory, and stay. Call tree_edit_end() in any case. */
bool tree_edit_begin(struct tree_edit *edit, const char *text, size_t len,
		     struct covey_error *error);
void tree_edit_end(struct tree_edit *edit);

/* The value of a key of a mapping; NULL: there is none. */
struct node *tree_find(const struct node *mapping, const char *name, const struct node **ret_key);
/* Is nothing written there? */
bool tree_is_null(const struct node *node);

/*
 * A last pair for the mapping that is the value of key, or for the value that is not there yet.
 * inner, value: the new pair's value is a mapping of that pair; NULL: it is nothing. in_flow: key
 * is in braces.
 */
bool tree_edit_add_pair(struct tree_edit *edit, const struct node *key, struct node *mapping,
			bool in_flow, const char *name, const char *inner, const char *value);
bool tree_edit_add_item(struct tree_edit *edit, struct node *sequence, const char *name);
bool tree_edit_remove_pair(struct tree_edit *edit, struct node *mapping, struct node *key);
bool tree_edit_remove_item(struct tree_edit *edit, struct node *sequence, struct node *item);
/* Another word in the place of a plain or quoted one; an empty one leaves nothing. */
bool tree_edit_reword(struct tree_edit *edit, struct node *scalar, const char *word);

/* The changed text; free it with free(). NULL: it does not say what was meant. */
char *tree_edit_check(struct tree_edit *edit, size_t *ret_len);
