/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How much was tried: inputs, and what is in them, which is what a fuzzer is about: frames,
 * messages, requests. Where the file $COVEY_FUZZ_COUNTS is given, both numbers are in it (8 bytes
 * each, as the machine has them) and rise from there, so that they outlive a crash and add up over
 * runs.
 */

#include <stdint.h>

/* One more input, that held so many. */
void count(uint64_t units);
