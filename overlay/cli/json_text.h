/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * JSON that is valid whatever the text is: file names are bytes, JSON is UTF-8.
 */

#include <jansson.h>

/* A JSON string; bytes that are no UTF-8 become question marks. NULL: no memory. */
json_t *json_text(const char *text);

/* {"ok": false, "error": text}. NULL: no memory. */
json_t *json_failure(const char *text);

/* Print object (stolen) to standard output, a line at its end. Returns 0 or -ENOMEM. */
int json_print(json_t *object);
