/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Values in the form in which a person reads them.
 */

#include <stddef.h>
#include <stdint.h>

/* Write text such as "42s", "3m 5s", "1h 4m" or "2d 3h" into buf (WORDS_TIME_SIZE bytes). Returns
 * buf. */
#define WORDS_TIME_SIZE 48
const char *words_time(uint64_t seconds, char *buf);

/* Text such as "100, 200-219", from sorted numbers. Consecutive numbers become one range. Free it
 * with free(). NULL when there is no memory. */
char *words_ranges(const uint32_t *numbers, size_t count);

/* Replaces each byte that could control a terminal by a question mark. */
void words_disarm(char *text);
