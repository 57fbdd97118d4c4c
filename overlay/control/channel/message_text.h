/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The form of the text in messages (docs/protocol.md, section 7.2). Protobuf bounds none of it, and
 * its C library does not look whether it is UTF-8.
 */

#include <covey/error.h>
#include <stdbool.h>

#include "message.h"

/* Could a group have this name? 1 to 63 of a-z A-Z 0-9 . _ -, a letter or digit first. */
bool message_is_group_name(const char *text);

/*
 * Do the names of groups, and Hello.software, have their form? 0 or -EPROTO. A Refused without a
 * group is one of the session. Reasons are not looked at: who shows them replaces what does not
 * print.
 */
int message_check_text(const Covey__Message *message, struct covey_error *error);
