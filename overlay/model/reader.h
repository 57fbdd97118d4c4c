/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One reading of an inventory: what its steps (ansible, resolve, groups, checks) hand to each
 * other. Everything but the finished model is in the arena and is freed with it.
 */

#include "ansible.h"
#include "arena.h"
#include "diagnostics.h"
#include "inventory.h"
#include "scalar.h"
#include "schema.h"

/* A host of the fabric and where its values were written. */
struct host_site {
	const struct ansible_host *host;
	const struct variable *variables[HOST_FIELDS_MAX]; /* NULL: not set */
};

struct reader {
	struct diagnostics *diagnostics;
	struct arena arena;
	struct scalars scalars;
	struct ansible ansible;
	struct inventory *inventory;
	const struct node *fabric[FABRIC_FIELDS_MAX]; /* keys of the fabric's variables */
	const struct node *groups;                    /* value of covey_groups */
	struct host_site *sites;                      /* one per inventory->hosts */
	struct vni_range *vni_ranges;                 /* of all groups, the newest first */
	size_t vni_range_count;
};

/* Zeroed memory from the arena. If it is NULL, diagnostics say so already: the caller just gives
 * up. */
void *reader_alloc(struct reader *reader, size_t size);

#define reader_report(reader, node, ...)                                                           \
	diagnostics_add((reader)->diagnostics, (node)->line, (node)->column, __VA_ARGS__)
