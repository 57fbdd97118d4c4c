/* SPDX-License-Identifier: BSD-3-Clause */
#include "wrapped.h"
#include "must.h"
#include "secret.h"
#include <string.h>

static size_t put_varint(uint8_t *at, size_t value)
{
	size_t len = 0;

	for (; value >= 0x80; value >>= 7)
		at[len++] = (uint8_t)(value | 0x80);
	at[len++] = (uint8_t)value;
	return len;
}

/* Its memory ends where the message does. */
static Covey__Message *decode(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	Covey__Message *message;

	must(copy);
	memcpy(copy, bytes, len);
	message = message_decode(copy, len);
	free(copy);
	return message;
}

Covey__Message *wrapped_decode(const struct record *record)
{
	uint8_t bytes[WRAPPED_MAX + 8];
	size_t at;

	if (record->len > WRAPPED_MAX)
		return NULL;
	if (record->kind < 1 || record->kind > WRAPPED_BODIES)
		return decode(record->bytes, record->len);
	at = put_varint(bytes, (size_t)record->kind << 3 | 2);
	at += put_varint(bytes + at, record->len);
	memcpy(bytes + at, record->bytes, record->len);
	return decode(bytes, at + record->len);
}

void wrapped_check(const Covey__Message *message)
{
	Covey__Message *again;
	uint8_t *bytes, *twice;
	size_t len, len_twice;

	must(message_encode(message, SIZE_MAX, &bytes, &len) == 0);
	must(message_frame_length(bytes, len, SIZE_MAX / 2) ==
	     (long)(len - MESSAGE_FRAME_HEADER_LEN));
	again = message_decode(bytes + MESSAGE_FRAME_HEADER_LEN, len - MESSAGE_FRAME_HEADER_LEN);
	if (again) { /* else it took more memory than a message of its size may */
		must(again->body_case == message->body_case);
		must(message_encode(again, SIZE_MAX, &twice, &len_twice) == 0);
		must(len_twice == len && memcmp(bytes, twice, len) == 0);
		secret_free(twice);
		message_free(again);
	}
	secret_free(bytes);
}
