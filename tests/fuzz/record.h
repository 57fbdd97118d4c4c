/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Inputs of fuzzers that go through several steps: records of a kind (1 byte), a length (2 bytes,
 * little-endian) and as many bytes, or what is left of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record {
	uint8_t kind;
	const uint8_t *bytes;
	size_t len;
};

/* Take the next; false at the end. */
static inline bool record_next(const uint8_t **data, size_t *size, struct record *ret_record)
{
	const uint8_t *at = *data;
	size_t len;

	if (*size < 3)
		return false;
	len = (size_t)(at[1] | at[2] << 8);
	len = len < *size - 3 ? len : *size - 3;
	*ret_record = (struct record){at[0], at + 3, len};
	*data += 3 + len;
	*size -= 3 + len;
	return true;
}

/* The number that a record's first bytes are, 0 without any. */
static inline uint64_t record_number(const struct record *record)
{
	uint64_t number = 0;

	for (size_t i = 0; i < record->len && i < sizeof(number); i++)
		number |= (uint64_t)record->bytes[i] << 8 * i;
	return number;
}
