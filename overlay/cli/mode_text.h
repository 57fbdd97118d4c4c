/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the key manager says of a group's mode, as text on standard output. */

#include <jansson.h>

/* Mode, deadline, which members do not follow, and what is in the way of the next step. */
void mode_text(const json_t *answer);

/* For each group that does not enforce, or will leave its mode by itself: a loud line. groups: as
 * the key manager's `show` has them. */
void mode_text_warn(const json_t *groups);
