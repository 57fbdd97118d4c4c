/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Messages and their frames: 32-bit big-endian length, then a protobuf `covey.Message`.
 */

#include <covey/addr.h>
#include <stddef.h>
#include <stdint.h>

#include "covey.pb-c.h"

#define MESSAGE_FRAME_HEADER_LEN 4

/*
 * Look at the start of a received stream. Returns the length of the message that follows the frame
 * header; 0 when fewer than MESSAGE_FRAME_HEADER_LEN bytes are there; -EMSGSIZE when the length is
 * 0 or above max.
 */
long message_frame_length(const uint8_t *data, size_t len, size_t max);

/*
 * Decode one message. NULL when it is no valid Message, has no body or an unknown one, or carries
 * anything beside its one body; unknown fields inside the body are skipped. Takes at most
 * 8 KiB + 32 * len bytes of memory, else NULL as well. Free with message_free.
 */
Covey__Message *message_decode(const uint8_t *data, size_t len);
void message_free(Covey__Message *message);

/*
 * Encode frame header and message into a new buffer (secret_free it: it may hold a key). Returns 0,
 * -ENOMEM, or -EMSGSIZE when it is above max or has no body.
 */
int message_encode(const Covey__Message *message, size_t max, uint8_t **ret_data, size_t *ret_len);

/* "SaInstall" and so on, for logs. */
const char *message_name(const Covey__Message *message);

/* Address to and from the bytes of a message. message_addr_get: 0 or -EINVAL. */
int message_addr_get(const ProtobufCBinaryData *data, struct covey_addr *ret_addr);
void message_addr_set(ProtobufCBinaryData *data, const struct covey_addr *addr);
