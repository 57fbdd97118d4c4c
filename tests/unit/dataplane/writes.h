/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which cache lines a function writes, outside of its thread's own stack. All writable memory of
 * the process is made read-only while it runs; each write faults, is noted, and is let through by
 * one step of the processor. So it sees what libraries write as well, whoever compiled them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WRITES_LINE      64u
#define WRITES_LINES_MAX 65536u

/* Cache lines, each as an address divided by WRITES_LINE, in the order of the first write. */
struct writes {
	size_t count;
	bool overflow; /* there were more */
	uintptr_t lines[WRITES_LINES_MAX];
};

/* Run function(arg) in a thread of its own and note what it writes. Memory that it maps meanwhile
 * is not seen. */
void writes_of(void (*function)(void *arg), void *arg, struct writes *ret_writes);

/* The thread calls this first, before its writes are noted. NULL: nothing. */
void writes_begin_with(void (*function)(void));
bool writes_has(const struct writes *writes, uintptr_t line);
