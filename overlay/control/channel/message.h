/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Messages and their frames: a 32-bit big-endian length, then a protobuf `covey.Message`.
 */

#include <covey/addr.h>
#include <stddef.h>
#include <stdint.h>

#include "covey.pb-c.h"

#define MESSAGE_FRAME_HEADER_LEN 4

/*
 * Look at the start of what was received. Returns the length of the message after the frame header;
 * 0 when there are fewer than MESSAGE_FRAME_HEADER_LEN bytes; -EMSGSIZE when the length is 0 or
 * above max.
 */
long message_frame_length(const uint8_t *data, size_t len, size_t max);

/*
 * Decode one message. NULL when it is no valid Message, when its body is missing or unknown, or
 * when it contains anything else than one body. Unknown fields inside the body are skipped. Takes
 * at most 8 KiB + 32 * len bytes of memory; NULL when that is not enough. Free the result with
 * message_free().
 */
Covey__Message *message_decode(const uint8_t *data, size_t len);
void message_free(Covey__Message *message);

/*
 * Encode frame header and message into a new buffer. Free it with secret_free(), because it may
 * hold a key. Returns 0, -ENOMEM, or -EMSGSIZE when the message is longer than max or has no body.
 */
int message_encode(const Covey__Message *message, size_t max, uint8_t **ret_data, size_t *ret_len);

/* The message's name for logs, such as "SaInstall". */
const char *message_name(const Covey__Message *message);

/* Convert the bytes in a message to an address, or an address to bytes. message_addr_get() returns
 * 0 or -EINVAL. */
int message_addr_get(const ProtobufCBinaryData *data, struct covey_addr *ret_addr);
void message_addr_set(ProtobufCBinaryData *data, const struct covey_addr *addr);
