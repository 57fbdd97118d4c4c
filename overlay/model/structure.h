/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the skeleton of an inventory may be made of. Each function reports what is wrong, and says
 * so by false.
 */

#include "reader.h"

/* A key that names a host, a group or a part of one: text to YAML, too. what: "a host". */
bool structure_name(struct reader *reader, const char *what, const struct node *node,
		    const char **ret_name);

/* A mapping, or nothing (*ret_mapping is NULL then). name: whose; of: what it should hold. */
bool structure_mapping(struct reader *reader, const char *name, const char *of,
		       const struct node *node, const struct node **ret_mapping);

/* Report a key of a group that is none of vars, hosts and children. */
void structure_unknown(struct reader *reader, const char *group, const struct node *key);
