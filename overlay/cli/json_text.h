/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * JSON for printing, and JSON from a daemon's answer.
 */

#include <jansson.h>
#include <stdbool.h>

/* A JSON string. File names are bytes, but JSON is UTF-8: bytes that do not fit become question
 * marks. NULL when there is no memory. */
json_t *json_text(const char *text);

/* Returns {"ok": false, "error": text}; NULL when there is no memory. */
json_t *json_failure(const char *text);

/* Print object and a newline to standard output. Takes over the reference. Returns 0 or -ENOMEM. */
int json_print(json_t *object);

/*
 * Read parts of a daemon's answer. If a part is missing or has another type than expected (the
 * daemon may have another version), the result is "-", 0 or false.
 */
const char *field_text(const json_t *object, const char *key);
json_int_t field_number(const json_t *object, const char *key);
bool field_true(const json_t *object, const char *key);

#define FIELD_NUMBER "%" JSON_INTEGER_FORMAT
