/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * From nodes to values. Functions that return bool report what is wrong with the node, and return
 * false then.
 */

#include "numbers.h"
#include "reader.h"

/*
 * Check that there are no aliases, tags or templates in the node or below it: we do not follow,
 * decrypt or render them. All of them are reported.
 */
bool value_is_plain(struct reader *reader, const char *name, const struct node *node);

/* Read a plain node as the field's type (not FIELD_NODE). */
bool value_read(struct reader *reader, const struct field *field, const struct node *node,
		struct field_value *ret_value);

/* Put a value into the object that the field's offset is meant for. False when memory is out. */
bool value_store(struct reader *reader, const struct field *field, const struct field_value *value,
		 void *object);

/* Read a key or list item as text: what YAML takes for a number or boolean must be quoted. */
bool value_text(struct reader *reader, const char *name, const struct node *node,
		const char **ret_text);

/* Read one machine's address. loopback: it may be this machine itself. */
bool value_address(struct reader *reader, const char *name, bool loopback, const struct node *node,
		   struct covey_addr *ret_address);

/* The kind of a node; SCALAR_KINDS when it is no scalar. */
enum scalar_kind value_kind(const struct reader *reader, const struct node *node);

/* Report "NAME must be EXPECTED, not NODE". Returns false. */
bool value_mismatch(struct reader *reader, const char *name, const struct node *node,
		    const char *expected);
