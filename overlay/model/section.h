/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Reads one mapping of variables: ours are checked and kept, Ansible's own are skipped.
 */

#include "reader.h"

void section_read_group(struct reader *reader, struct ansible_group *group,
			const struct node *mapping);

/* The variables below a host or a range of hosts. NULL: none of them is ours. */
struct variable *section_read_host(struct reader *reader, const struct node *mapping);

/* Add variables to what a group or host has; hosts of one range share them. */
void section_append(struct reader *reader, struct section **sections, struct variable *variables);
