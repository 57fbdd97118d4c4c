/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Messages of a fuzzer: what it changes are their contents, while the frame around these stays
 * right; or a whole message, frame and all. */

#include "message.h"
#include "record.h"

#define WRAPPED_MAX 8192u

/*
 * Decode a record: kind 1 to WRAPPED_BODIES is the body's field number and the bytes are its
 * contents; otherwise the bytes are the message. NULL when it is none.
 */
#define WRAPPED_BODIES 16
Covey__Message *wrapped_decode(const struct record *record);

/* Once more through the encoder: what was decoded can be sent, and is then the same. */
void wrapped_check(const Covey__Message *message);
