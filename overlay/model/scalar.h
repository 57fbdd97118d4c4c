/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a YAML scalar means to Ansible, whose YAML is version 1.1: `no` is a boolean, `010` is
 * eight and `1:30` is ninety.
 */

#include <regex.h>

#include "yaml_tree.h"

enum scalar_kind {
	SCALAR_TEXT,
	SCALAR_NULL,
	SCALAR_BOOLEAN,
	SCALAR_INTEGER,
	SCALAR_OCTAL,       /* 010 */
	SCALAR_SEXAGESIMAL, /* 1:30, also some IPv6 addresses */
	SCALAR_FLOAT,
	SCALAR_DATE,
	SCALAR_MERGE, /* the key << */
	SCALAR_KINDS,
};

struct scalars {
	regex_t patterns[SCALAR_KINDS];
	int compiled;
};

/* Returns 0 or -ENOMEM; free with scalars_free in both cases. */
int scalars_init(struct scalars *scalars);
void scalars_free(struct scalars *scalars);

/* The kind of a node that is a scalar. Quoted ones are text. */
enum scalar_kind scalar_kind(const struct scalars *scalars, const struct node *node);

/* The value of a SCALAR_INTEGER. Returns 0, or -ERANGE when it needs more than 63 bits. */
int scalar_integer(const char *text, int64_t *ret_value);

/* The value of a SCALAR_BOOLEAN. */
bool scalar_boolean(const char *text);

#define DESCRIPTION_SIZE 96

/*
 * "the number 5", "the text \"abc\"", "a list", for "... must be X, not %s". buf: DESCRIPTION_SIZE
 * bytes. Returns buf.
 */
const char *node_describe(const struct scalars *scalars, const struct node *node, char *buf);
