/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a fuzzer asserts: a breach is a find, like a crash. */

#include <stdio.h>
#include <stdlib.h>

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(2, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #condition);      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* libFuzzer calls these, as far as a fuzzer has them. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const unsigned char *one, size_t one_size,
				 const unsigned char *other, size_t other_size, unsigned char *out,
				 size_t max, unsigned seed);
/* Its own mutator. */
size_t LLVMFuzzerMutate(unsigned char *data, size_t size, size_t max);
