/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The parts of a daemon's answer that `covey show` shows alone.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct part;

/* NULL when there is none at this daemon; then text (PARTS_TEXT_SIZE bytes) says so, and what is
 * meant. */
const struct part *parts_find(const char *name, bool gkm, char *text);
#define PARTS_TEXT_SIZE 256

/*
 * Returns {"ok": true, NAME: ...}, from the daemon's whole answer. What is inside the groups of
 * that answer (members, and at the key manager also SAs) becomes one list, and each element gets
 * its "group". A part that the answer does not have becomes null. NULL when there is no memory.
 */
json_t *parts_json(const struct part *part, const json_t *answer);

/* The same for a person, on standard output. all: also what has never happened. */
void parts_print(const struct part *part, const json_t *answer, bool gkm, bool all);
