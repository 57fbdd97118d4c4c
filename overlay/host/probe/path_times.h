/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * When the path to which host is measured, in milliseconds. All hosts of a fabric may begin at the
 * same moment, as after a power cut: together they ask the key manager for about 50 runs of probes
 * in a second, however many they are. draw(n) gives a number below n. Pure.
 */

#include <stddef.h>
#include <stdint.h>

#define PATH_TIMES_GAP_MIN   100u
#define PATH_TIMES_GAP_EACH  20u      /* for each other host */
#define PATH_TIMES_HOUR      3600000u /* what is good is measured again after it */
#define PATH_TIMES_EACH      60000u   /* but no more than 60 hosts in an hour */
#define PATH_TIMES_SMALL     5000u    /* what is too small, until it is mended */
#define PATH_TIMES_AGAIN     1000u    /* what could not be measured, and each time twice as long */
#define PATH_TIMES_AGAIN_MAX 600000u
#define PATH_TIMES_NO_GROUP  1000u

/* Between half of it and one and a half. */
static inline uint64_t path_times_spread(uint64_t ms, uint32_t (*draw)(uint32_t bound))
{
	return ms / 2 + draw((uint32_t)ms);
}

/* Between two hosts. count: of the other hosts. */
static inline uint64_t path_times_gap(size_t count, uint32_t (*draw)(uint32_t bound))
{
	const uint64_t gap = (uint64_t)count * PATH_TIMES_GAP_EACH;

	return path_times_spread(gap < PATH_TIMES_GAP_MIN ? PATH_TIMES_GAP_MIN : gap, draw);
}

static inline uint64_t path_times_next(size_t count, uint32_t (*draw)(uint32_t bound))
{
	const uint64_t each = (uint64_t)count * PATH_TIMES_EACH;

	return path_times_spread(each < PATH_TIMES_HOUR ? PATH_TIMES_HOUR : each, draw);
}

static inline uint64_t path_times_small(uint32_t (*draw)(uint32_t bound))
{
	return path_times_spread(PATH_TIMES_SMALL, draw);
}

/* failed: how often in a row before. */
static inline uint64_t path_times_again(unsigned failed, uint32_t (*draw)(uint32_t bound))
{
	const uint64_t ms = (uint64_t)PATH_TIMES_AGAIN << (failed < 10 ? failed : 10);

	return path_times_spread(ms < PATH_TIMES_AGAIN_MAX ? ms : PATH_TIMES_AGAIN_MAX, draw);
}
