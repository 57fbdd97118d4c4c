/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Reads the guard as text, line by line: what guard_rules.c asks for, and what nft lists. In both,
 * a rule is known by its comment; but one whose comment begins with GUARD_PASS is known by its
 * whole text, because with another condition it could let anything pass. Pure.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_PASS      "pass: "
#define GUARD_WORD_SIZE 400 /* the longest such rule, guard_pass_write_ports() */

/* One line that says something. */
struct guard_line {
	enum guard_line_kind {
		GUARD_LINE_TABLE,
		GUARD_LINE_FLAGS, /* of the table: "dormant" */
		GUARD_LINE_SET,   /* its name; what is in it say guard_clear.h and guard_fabric.h */
		GUARD_LINE_CHAIN,
		GUARD_LINE_HOOK, /* where the chain is called; only a base chain has one */
		GUARD_LINE_RULE,
	} kind;
	char family[8];
	char chain[32];             /* where the line stands; empty for one of the table itself */
	char what[GUARD_WORD_SIZE]; /* the hook with its device, flags, or what a rule is known by
				     */
	bool drops;                 /* the rule does */
	bool counts;                /* the rule has a counter, with this value: */
	uint64_t packets;
};

struct guard_reader {
	const char *at;
	char family[8], chain[32];
	bool in_set;
};

struct guard_reader guard_read_text(const char *text);
/* False when there are no more lines. */
bool guard_read_line(struct guard_reader *reader, struct guard_line *ret_line);

/* The UDP destination ports that the first rule with this comment names, at most max of them.
 * Returns how many; 0 also when there is no such rule. */
size_t guard_read_ports(const char *text, const char *comment, uint16_t *ret_ports, size_t max);

/* The text behind the "{" of the elements of a set in a table of this family. NULL: there is no
 * such set, or it is empty. */
const char *guard_find_elements(const char *text, const char *family, const char *name);

/* 0 when each table, set, chain, hook and rule that was asked for is listed, and nothing else is.
 * Otherwise -ENOENT or -EEXIST, and error names the first difference. */
int guard_compare(const char *asked, const char *listed, struct covey_error *error);
