/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What an inventory's structure may be made of. Each function reports what is wrong; those that
 * return bool return false then.
 */

#include "reader.h"

/* Read a key that names a host, a group or a part of one. YAML must take it for text, too. what: "a
 * host". */
bool structure_name(struct reader *reader, const char *what, const struct node *node,
		    const char **ret_name);

/* Read a mapping, or nothing (*ret_mapping is NULL then). name: whose it is. of: what it should
 * hold. */
bool structure_mapping(struct reader *reader, const char *name, const char *of,
		       const struct node *node, const struct node **ret_mapping);

/* Report a key of a group that is none of vars, hosts and children. */
void structure_unknown(struct reader *reader, const char *group, const struct node *key);
