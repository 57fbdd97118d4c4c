/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Parts of covey-host's answer. What is missing or of another type than expected (another version
 * of covey-host) reads as "-", 0 or false.
 */

#include <jansson.h>
#include <stdbool.h>

const char *field_text(const json_t *object, const char *key);
json_int_t field_number(const json_t *object, const char *key);
bool field_true(const json_t *object, const char *key);

#define FIELD_NUMBER "%" JSON_INTEGER_FORMAT
