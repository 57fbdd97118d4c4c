/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* libevent's timers and the monotonic clock, moved by hand: hours pass in no time, and the same in
 * each run. */

#include <stddef.h>
#include <stdint.h>

void fake_events_begin(void);
/* Those that are not freed. */
size_t fake_events_count(void);
/* Let time pass and what is due happen; after each, then(). */
void fake_events_pass(uint64_t ms, void (*then)(void));
