/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A shared library's code a second time in this process, with variables of its own.
 *
 * For a library whose functions write a variable of the whole process: threads that call copies of
 * their own share no cache line by it. dlmopen() would do the same, for eleven copies at the most
 * (each brings a C library, whose thread-local storage runs out).
 *
 * Code and constants are mapped from the library's file, which costs no memory; its variables are
 * copied as they are now, a page or two. Pointers in them point into the first library, so this
 * serves functions that reach their own variables and constants by relative addresses, as
 * position-independent code does, and need no more than those and the C library.
 */

#include <stddef.h>
#include <stdint.h>

struct library_copy;

/*
 * Copy the library that function belongs to. -ENOENT: no shared library does. -ENOTSUP: its code
 * in memory is not that of its file (it was replaced on disk, or was changed when it was loaded).
 * Otherwise what open() and mmap() say.
 */
int library_copy_new(const void *function, struct library_copy **ret_copy);
/* Nothing of the copy runs any more. NULL-safe. */
void library_copy_free(struct library_copy *copy);

/* How far the copy lies behind the library, in bytes: add it to a function's address. */
intptr_t library_copy_distance(const struct library_copy *copy);
