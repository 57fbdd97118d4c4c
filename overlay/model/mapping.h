/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/*
 * Read all pairs of a plain mapping by a schema, and store into object what is not FIELD_NODE.
 * ret_nodes (schema->count of them) gets the values of the good keys, and NULL for the others.
 * what: the name of the mapping ("covey group tenants"). where: the node that stands for it when a
 * key is missing.
 */
void mapping_read(struct reader *reader, const struct schema *schema, const char *what,
		  const struct node *where, const struct node *mapping, void *object,
		  const struct node **ret_nodes);
