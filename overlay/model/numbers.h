/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Integers and durations. Each function that returns bool reports what is wrong with a plain node,
 * and returns false then.
 */

#include "reader.h"

/* An integer in min..max. */
bool value_integer(struct reader *reader, const char *name, const struct node *node, uint64_t min,
		   uint64_t max, uint64_t *ret_value);

/* The same with the bounds of a field: FIELD_INTEGER and FIELD_DURATION. */
bool value_number(struct reader *reader, const struct field *field, const struct node *node,
		  uint64_t *ret_value);
bool value_duration(struct reader *reader, const struct field *field, const struct node *node,
		    uint64_t *ret_value);

/* Seconds in a text like 1h30m. Returns 0, -EINVAL or -ERANGE; *ret_seconds untouched then. */
int duration_parse(const char *text, uint64_t *ret_seconds);
