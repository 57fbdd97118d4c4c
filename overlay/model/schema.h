/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Every key that covey knows in an inventory, with its type and its place in the model.
 */

#include "field.h"
#include "suggest.h"

struct schema {
	const struct field *fields;
	size_t count;
};

extern const struct schema fabric_schema; /* into struct inventory */
extern const struct schema host_schema;   /* into struct inventory_host */
extern const struct schema group_schema;  /* into struct inventory_group */
extern const struct schema rekey_schema;  /* into struct rekey_policy */

#define FABRIC_FIELDS_MAX 16
#define HOST_FIELDS_MAX   24

/* Index of the field, or -1. */
int schema_find(const struct schema *schema, const char *name);

void schema_suggest(const struct schema *schema, struct suggestion *suggestion);
