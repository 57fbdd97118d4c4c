/* SPDX-License-Identifier: BSD-3-Clause */
#include "sum.h"
#include <string.h>

/* Eight words of 32 bits at once; the compiler makes of it what the CPU has. */
typedef uint32_t words __attribute__((vector_size(32)));
typedef uint64_t sums __attribute__((vector_size(64)));

/*
 * Chosen once, when the program is loaded. clang 14, which the fuzzers are built with, gives such
 * functions a name that nobody calls. With ThreadSanitizer, the function that chooses calls the
 * sanitizer before the loader has found it, and the program crashes.
 */
#if defined(__clang__) || defined(__SANITIZE_THREAD__)
#define FOR_EACH_CPU
#else
#define FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#endif

static uint64_t add_up(const sums *sum)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < 8; i++)
		total += (*sum)[i];
	return total;
}

static uint64_t sum_rest(const uint8_t *from, size_t len)
{
	uint64_t total = 0;
	uint32_t word;
	uint16_t half;

	for (; len >= sizeof(word); from += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		total += word;
	}
	if (len >= sizeof(half)) {
		memcpy(&half, from, sizeof(half));
		total += half;
		from += sizeof(half);
		len -= sizeof(half);
	}
	return len ? total + *from : total;
}

FOR_EACH_CPU uint64_t sum_bytes(const uint8_t *from, size_t len)
{
	sums even = {0}, odd = {0};
	words word;

	for (; len >= 2 * sizeof(word); len -= 2 * sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		even += __builtin_convertvector(word, sums);
		memcpy(&word, from + sizeof(word), sizeof(word));
		odd += __builtin_convertvector(word, sums);
		from += 2 * sizeof(word);
	}
	even += odd;
	return add_up(&even) + sum_rest(from, len);
}

FOR_EACH_CPU uint64_t sum_copy(uint8_t *to, const uint8_t *from, size_t len)
{
	sums even = {0}, odd = {0};
	words word;

	for (; len >= 2 * sizeof(word); len -= 2 * sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		memcpy(to, &word, sizeof(word));
		even += __builtin_convertvector(word, sums);
		memcpy(&word, from + sizeof(word), sizeof(word));
		memcpy(to + sizeof(word), &word, sizeof(word));
		odd += __builtin_convertvector(word, sums);
		from += 2 * sizeof(word);
		to += 2 * sizeof(word);
	}
	memcpy(to, from, len);
	even += odd;
	return add_up(&even) + sum_rest(from, len);
}
