/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Memory for keys: never swapped, never in a core dump, wiped when it is freed.
 */

#include <covey/error.h>
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/*
 * A program that holds keys must call this before it uses OpenSSL or libevent; options and the log
 * use neither. Locks all present and future pages when they are first used (mlockall MCL_ONFAULT),
 * forbids core dumps and ptrace, and gives libevent and OpenSSL allocators that wipe memory when
 * they free it. Returns 0 or a negative errno; -EBUSY when OpenSSL was used before.
 */
int secret_protect_process(struct covey_error *error);

/* malloc, realloc and free that wipe memory. In a protected process the memory is also locked.
 * NULL-safe. */
void *secret_alloc(size_t size);
void *secret_realloc(void *memory, size_t size);
void secret_free(void *memory);

/* The same for protobuf-c. */
extern ProtobufCAllocator secret_protobuf_allocator;
