/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * SQLite without a file system and without malloc(): the database, and what may lie beside it, is
 * in memory, and what SQLite allocates comes from one block. That saves most of the time that a
 * state file takes. Who reads beyond an allocation is still seen.
 */

#include <stddef.h>
#include <stdint.h>

/* Once per program, before SQLite is used. */
void memory_files_start(void);
/* This is the database now, and there is no other file. */
void memory_files_put(const uint8_t *data, size_t size);
/* All that SQLite allocated is free again, and no file is open. */
void memory_files_check(void);
