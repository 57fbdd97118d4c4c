/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A hash with a secret key, so that nobody can choose what falls into the same place of a table:
 * the multilinear family (Lemire and Kaser, "Strongly universal string hashing is fast", 2014).
 * Two different inputs have the same upper bits as rarely as if these were drawn by lot, as long as
 * nobody knows the key. It does not authenticate anything.
 */

#include <stdint.h>
#include <string.h>

#define KEYED_HASH_BYTES_MAX 96u

/* Random numbers. */
struct keyed_hash {
	uint64_t key[1 + 1 + KEYED_HASH_BYTES_MAX / 4];
};

/* The hash of at most KEYED_HASH_BYTES_MAX bytes; of more, only these count, and the length. */
static inline uint32_t keyed_hash(const struct keyed_hash *secret, const uint8_t *bytes,
				  uint32_t len)
{
	const uint64_t *key = secret->key;
	uint64_t sum = *key++;

	sum += *key++ * len;
	if (len > KEYED_HASH_BYTES_MAX)
		len = KEYED_HASH_BYTES_MAX;
	for (uint32_t at = 0; at < len; at += 4) {
		uint32_t word = 0;

		memcpy(&word, bytes + at, len - at < 4 ? len - at : 4);
		sum += *key++ * word;
	}
	return (uint32_t)(sum >> 32);
}
