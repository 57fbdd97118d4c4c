/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * ESP's replay window (RFC 4303 section 3.4.3) with the full sequence number guessed from its low
 * half (appendix A2): a bitmap in a ring, cleared by the word (RFC 6479).
 *
 * One thread writes at a time. Others may check meanwhile: what they see may be old by then, so
 * only the update says that a packet is new.
 */

#include <covey/limits.h>
#include <stdbool.h>
#include <stdint.h>

struct esp_window {
	uint64_t top;  /* the highest sequence number that has authenticated */
	uint32_t size; /* packets, a power of two */
	uint32_t mask; /* of words: twice the size, so that whole words can be cleared */
	uint64_t words[2 * COVEY_REPLAY_WINDOW_MAX / 64];
};

static inline void esp_window_init(struct esp_window *window, uint32_t size)
{
	*window = (struct esp_window){.size = size, .mask = 2 * size / 64 - 1};
}

/* The full number of a packet that carries low, for a window whose top is top. */
static inline uint64_t esp_window_guess(const struct esp_window *window, uint64_t top, uint32_t low)
{
	uint32_t high = (uint32_t)(top >> 32), top_low = (uint32_t)top;
	uint32_t bottom = top_low - window->size + 1;

	if (top_low >= window->size - 1)
		high += low < bottom;
	else
		high -= low >= bottom && high > 0;
	return (uint64_t)high << 32 | low;
}

static inline bool esp_window_is_new(const struct esp_window *window, uint64_t top, uint64_t number)
{
	uint64_t word;

	if (number > top)
		return true;
	if (number == 0 || top - number >= window->size)
		return false;
	word = __atomic_load_n(&window->words[number / 64 & window->mask], __ATOMIC_RELAXED);
	return !(word >> number % 64 & 1);
}

static inline uint64_t esp_window_top(const struct esp_window *window)
{
	return __atomic_load_n(&window->top, __ATOMIC_RELAXED);
}

/* The same for a packet that has authenticated, which is then remembered. */
static inline bool esp_window_update(struct esp_window *window, uint64_t number)
{
	uint64_t *word = &window->words[number / 64 & window->mask];

	if (!esp_window_is_new(window, window->top, number))
		return false;
	if (number > window->top) {
		uint64_t last = number / 64, first = window->top / 64 + 1;

		if (last - window->top / 64 > window->mask)
			first = last - window->mask;
		for (; first <= last; first++)
			__atomic_store_n(&window->words[first & window->mask], 0, __ATOMIC_RELAXED);
		__atomic_store_n(&window->top, number, __ATOMIC_RELAXED);
	}
	__atomic_store_n(word, *word | UINT64_C(1) << number % 64, __ATOMIC_RELAXED);
	return true;
}
