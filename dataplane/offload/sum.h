/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The Internet checksum (RFC 1071). A sum is kept in 64 bits and in the byte order of memory, so
 * that nothing is swapped; sums of pieces that begin at even offsets may be added.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The sum of len bytes; len may be odd. Less than 2^48 for all lengths of a packet. */
uint64_t sum_bytes(const uint8_t *from, size_t len);
/* The same of a header: len is a multiple of 4, and best a constant. */
static inline uint64_t sum_header(const uint8_t *from, unsigned len)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < len; i += 4) {
		uint32_t word;

		memcpy(&word, from + i, sizeof(word));
		sum += word;
	}
	return sum;
}

/* The same as sum_bytes(), and copy them; both places do not overlap. */
uint64_t sum_copy(uint8_t *to, const uint8_t *from, size_t len);

static inline uint16_t sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The field's value as it lies in memory. */
static inline uint16_t sum_finish(uint64_t sum)
{
	return (uint16_t)~sum_fold(sum);
}

/* A checksum's field: a sum as it lies in memory, complemented or not. */
static inline uint16_t sum_read(const void *field)
{
	uint16_t sum;

	memcpy(&sum, field, sizeof(sum));
	return sum;
}

static inline void sum_write(void *field, uint16_t sum)
{
	memcpy(field, &sum, sizeof(sum));
}

/* UDP's: 0 means that there is none (RFC 768). */
static inline uint16_t sum_finish_udp(uint64_t sum)
{
	uint16_t checksum = sum_finish(sum);

	return checksum ? checksum : 0xffff;
}
