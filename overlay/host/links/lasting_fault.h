/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Something that fails each time it is tried, and is tried often: when to log it. Once when it
 * begins, then once in LASTING_FAULT_REST_MS, with the number of tries so far, and once when it is
 * over. Pure; times are ms of the monotonic clock.
 */

#include <stdbool.h>
#include <stdint.h>

#define LASTING_FAULT_REST_MS UINT64_C(600000)

/* All zero: there is no fault. */
struct lasting_fault {
	uint64_t times; /* tries that failed, in a row */
	uint64_t logged_ms;
};

/* It has failed (again). True: log it now. */
bool lasting_fault_note(struct lasting_fault *fault, uint64_t now_ms);
/* It has not failed this time. Returns how often it had before, in a row; 0: nothing to say. */
uint64_t lasting_fault_end(struct lasting_fault *fault);
