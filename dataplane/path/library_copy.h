/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A second copy of a shared library's code in this process, with variables of its own.
 *
 * It is for a library whose functions write a variable that all threads share. When each thread
 * calls a copy of its own, they do not compete for that variable's cache line. dlmopen() does the
 * same, but for eleven copies at most: each of them loads a C library, and the space for
 * thread-local storage runs out.
 *
 * Code and constants are mapped from the library's file, which costs no memory. Variables are
 * copied with their present values, a page or two. Pointers in them still point into the first
 * library. So this only works for functions that reach their own variables and constants by
 * relative addresses, as position-independent code does, and that need nothing but these and the C
 * library.
 */

#include <stddef.h>
#include <stdint.h>

struct library_copy;

/*
 * Copy the library that contains function. -ENOENT: no shared library does. -ENOTSUP: its code in
 * memory differs from its file (the file was replaced, or the code was changed while it was
 * loaded). Other errors are those of open() and mmap().
 */
int library_copy_new(const void *function, struct library_copy **ret_copy);
/* No thread may be in the copy any more. NULL-safe. */
void library_copy_free(struct library_copy *copy);

/* The distance from the library to the copy, in bytes. Add it to the address of a function. */
intptr_t library_copy_distance(const struct library_copy *copy);
