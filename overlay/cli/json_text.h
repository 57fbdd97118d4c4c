/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What is printed as JSON, and what is read of a daemon's answer.
 */

#include <jansson.h>
#include <stdbool.h>

/* A JSON string. File names are bytes and JSON is UTF-8: other bytes become question marks. NULL:
 * no memory. */
json_t *json_text(const char *text);

/* {"ok": false, "error": text}. NULL: no memory. */
json_t *json_failure(const char *text);

/* Print object (stolen) to standard output, a line at its end. Returns 0 or -ENOMEM. */
int json_print(json_t *object);

/*
 * Parts of a daemon's answer. What is missing or of another type than expected (another version of
 * the daemon) reads as "-", 0 or false.
 */
const char *field_text(const json_t *object, const char *key);
json_int_t field_number(const json_t *object, const char *key);
bool field_true(const json_t *object, const char *key);

#define FIELD_NUMBER "%" JSON_INTEGER_FORMAT
