/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The form of text in messages (docs/protocol.md, section 7.2). Protobuf does not limit it, and its
 * C library does not check that it is UTF-8.
 */

#include <covey/error.h>
#include <stdbool.h>

#include "message.h"

/* Can a group have this name? A name has 1 to 63 characters: a-z A-Z 0-9 . _ -. The first one is a
 * letter or a digit. */
bool message_is_group_name(const char *text);

/*
 * Do the names of groups, and Hello.software, have the right form? Returns 0 or -EPROTO. A Refused
 * without a group is about the session. Reasons are not checked: whoever shows them replaces
 * characters that cannot be printed.
 */
int message_check_text(const Covey__Message *message, struct covey_error *error);
