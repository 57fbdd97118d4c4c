/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The memory of one modelled world, so that a world can be copied and put back whatever its objects
 * look like. The linker leads malloc() and its kin here (--wrap); between arena_enter() and
 * arena_leave() they take from the arena, else they are libc's. An object keeps its address over a
 * copy, so pointers in it stay true.
 */

#include <stddef.h>

/* A copy of the arena. Zero-initialised it is empty; its memory is used again and again. */
struct snapshot {
	void *data;
	size_t size;
	size_t capacity;
};

void arena_enter(void);
void arena_leave(void);

/* Forget all that is in it. */
void arena_clear(void);

void arena_save(struct snapshot *snapshot);
void arena_restore(const struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);
