/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What `covey backup` is told: the content of the state file, at one moment between two changes. */

#include <covey/error.h>
#include <jansson.h>

struct store;

/* In base64, so that it fits into an answer. Returns a new reference. NULL when it cannot be read
 * or is too large; then the error says what to do. */
json_t *backup_answer(struct store *store, struct covey_error *error);
