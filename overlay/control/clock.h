/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The time since the machine was started. Lifetimes, deadlines and waits are measured with it: it
 * never goes back, even when the wall clock is changed, and it goes on while the machine is
 * suspended. Timers of libevent stand still then, and are late by as much as was left of them. So a
 * wait for a deadline that must hold asks for CLOCK_LOOK_MS at most, and looks at the clock.
 */

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

static inline uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline uint64_t clock_ms(void)
{
	return clock_us() / 1000;
}

#define CLOCK_LOOK_MS UINT64_C(1000)

static inline struct timeval clock_timeval(uint64_t ms)
{
	return (struct timeval){.tv_sec = (time_t)(ms / 1000),
				.tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}
