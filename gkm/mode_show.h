/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The mode of a group, as the operator is shown it. Each function returns a new reference, or NULL
 * when there is no memory.
 */

#include <jansson.h>
#include <stdint.h>

#include "mode_flaws.h"

struct group;
struct realm;

/* Mode, deadline, and who was heard in clear. */
json_t *mode_show(const struct realm *realm, uint64_t now_ms);
/* The mode in force at a member; null when it is not known. */
json_t *mode_show_member(const struct group *group, size_t seat);

/* What is in the way of going forward: a list of objects, each with a text and what it is about. */
json_t *mode_show_flaws(const struct realm *realm, const struct mode_flaws *flaws);
/* The names of the members for which is() is true. */
json_t *mode_show_names(const struct realm *realm,
			bool (*is)(const struct group *group, size_t seat));
