/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey rekey` is told: which SA has begun, and which members we still wait for.
 */

#include <jansson.h>
#include <stdbool.h>

#include "late_answers.h"

struct realm;
struct sa;

/*
 * A client has asked for another SA: what is it to be told? wanted: a new one will begin; false:
 * one that is being installed already is as good (rekey_want()). Ask before the group settles.
 */
struct late_question rekey_question(const struct realm *realm, bool wanted);

/* How far is the rekey that shall bring this SA? NULL: none has begun. wanted: as above. */
const char *rekey_progress(const struct realm *realm, const struct sa *sa, bool wanted);

/* The names of the connected members that have not acknowledged the SA, while it is being
 * installed. sa may be NULL. Returns a new reference; NULL when there is no memory. */
json_t *rekey_awaited_names(const struct realm *realm, const struct sa *sa);
