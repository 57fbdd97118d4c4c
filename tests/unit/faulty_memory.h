/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Memory that runs out, for a test that is linked with faulty_memory_links of this folder's
 * meson.build: one allocation of the program fails, which the test chooses by its number. It also
 * counts blocks, and looks for a key in what is freed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From now on allocation number `at` fails, and no other. The first is 1; 0: none fails. */
void faulty_memory_begin(unsigned at);
/* None fails any more. True when one did. */
bool faulty_memory_end(void);
/* The one that was to fail has. */
bool faulty_memory_has_failed(void);

/* Blocks that are allocated and not freed. */
size_t faulty_memory_held(void);

/* Look for a run of so many bytes of this value in each block that is freed. 0 bytes: do not. */
void faulty_memory_watch(uint8_t value, size_t bytes);
/* In how many it was found. */
unsigned faulty_memory_keys_freed(void);
