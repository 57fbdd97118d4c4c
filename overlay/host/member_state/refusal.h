/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <message.h>
#include <stdbool.h>

/* The code in words: "not a member of the group" and so on. */
const char *refusal_name(Covey__RefusalCode code);

/* Does it say that this host has no right to the group's traffic, and so none to its keys? */
bool refusal_is_revocation(Covey__RefusalCode code);
