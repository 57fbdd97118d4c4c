/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/*
 * Read all pairs of a plain mapping by a schema, storing into object what is not FIELD_NODE.
 * ret_nodes (schema->count of them) gets the good keys' values, NULL for the others. what names the
 * mapping ("covey group tenants") and where the node that stands for it, for keys that are missing.
 */
void mapping_read(struct reader *reader, const struct schema *schema, const char *what,
		  const struct node *where, const struct node *mapping, void *object,
		  const struct node **ret_nodes);
