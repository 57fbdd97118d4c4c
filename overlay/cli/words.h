/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Values as a person reads them.
 */

#include <stddef.h>
#include <stdint.h>

/* "42s", "3m 5s", "1h 4m", "2d 3h". buf: WORDS_TIME_SIZE bytes. Returns buf. */
#define WORDS_TIME_SIZE 48
const char *words_time(uint64_t seconds, char *buf);

/* "100, 200-219": sorted numbers with runs drawn together. NULL: no memory; free() it. */
char *words_ranges(const uint32_t *numbers, size_t count);

/* Puts a question mark in the place of each byte that could steer a terminal. */
void words_disarm(char *text);
