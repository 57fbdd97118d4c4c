/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A disk under SQLite that goes wrong at an access of our choice: a VFS between SQLite and the
 * system's. Opening, reading, writing, truncating, syncing, deleting and asking for the size are
 * accesses, each counts as one.
 */

#include <stdbool.h>
#include <stddef.h>

enum disk_fault {
	DISK_SOUND,
	DISK_BROKEN, /* an I/O error */
	DISK_FULL,   /* the same, but only what needs room fails */
	DISK_KILLS,  /* this process is killed (-9); a write is done by half before */
};

/* All that SQLite opens from now on in this process is on that disk. 0 or -1. */
int faulty_disk_use(void);

/* Begin to count. The access of that number, from 1, goes wrong; lasting: and all that follow. */
void faulty_disk_arm(enum disk_fault fault, size_t access, bool lasting);

/* Since faulty_disk_arm(). */
size_t faulty_disk_accesses(void);
