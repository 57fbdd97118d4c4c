/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A key that we know, what its value must be, and where the value goes. schema.c has the tables.
 */

#include <covey/addr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
	FIELD_INTEGER,
	FIELD_DURATION, /* seconds: 90, 90s, 5m, 1h, 7d, 1h30m */
	FIELD_BOOLEAN,
	FIELD_CHOICE,
	FIELD_ADDRESS, /* one machine's */
	FIELD_TEXT,
	FIELD_NAMES, /* one text or a list of several; stored as one text, with spaces between */
	FIELD_NODE,  /* a list or mapping of its own kind, read by other code */
};

enum field_scope {
	FIELD_OF_FABRIC, /* in `all: vars` alone */
	FIELD_OF_HOST,   /* resolved by Ansible's precedence */
	FIELD_OF_GROUP,  /* in covey_groups.NAME */
	FIELD_OF_REKEY,  /* in covey_groups.NAME.rekey */
};

/* A word and the enum value it stands for; a list ends with word NULL. */
struct choice {
	const char *word;
	int value;
};

struct field {
	const char *name;
	enum field_scope scope;
	enum field_type type;
	size_t offset; /* in the object of that scope */
	size_t size;   /* of the member there: 1, 2 or 4 bytes for numbers */
	uint64_t min, max;
	bool power_of_two;
	bool required;
	const struct choice *choices;
	/* NULL when the text is good, else what it must be: "a name of ..." */
	const char *(*rule)(const char *text);
};

/* A value that was read, before it is stored. */
struct field_value {
	union {
		uint64_t number; /* also booleans and choices */
		struct covey_addr address;
		const char *text; /* belongs to the arena */
	};
};
