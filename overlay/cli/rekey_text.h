/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the key manager says of a group's rekey, as text on standard output. */

#include <jansson.h>

/* Which SA it is, and which members keep it from being used. outcome: an object with rekey, spi and
 * awaited. */
void rekey_text(const char *group, const json_t *outcome);

/* Warns about members, by name, that are cut off from the key manager: only a person can help them.
 * what_then: a sentence about what that means. Nothing when there are none. */
void rekey_text_away(const json_t *names, const char *what_then);
