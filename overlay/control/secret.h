/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Keys in memory: never swapped, never dumped, wiped when freed.
 */

#include <covey/error.h>
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/*
 * To be called first thing in main() of a program that holds keys: locks all present and future
 * pages as they are touched (mlockall MCL_ONFAULT), forbids core dumps and ptrace, and gives
 * libevent and OpenSSL allocators that wipe what they free. Returns 0 or a negative errno.
 */
int secret_protect_process(struct covey_error *error);

/* malloc, realloc and free that wipe; in a protected process the memory is locked too. NULL-safe.
 */
void *secret_alloc(size_t size);
void *secret_realloc(void *memory, size_t size);
void secret_free(void *memory);

/* The same for protobuf-c. */
extern ProtobufCAllocator secret_protobuf_allocator;
