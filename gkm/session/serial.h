/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Is the state file older than what members know? Each says in Hello which SPI was the highest that
 * it has had since its start. One that this file has not given out yet comes from before an older
 * backup was restored, or the file lost; or the member lies. Its word may move the serial, so that
 * no SPI comes twice, but not far: nobody can use the SPIs up.
 */

#include <covey/limits.h>
#include <stddef.h>
#include <stdint.h>

enum serial_verdict {
	SERIAL_FINE,
	SERIAL_BEHIND, /* the file is older than that: the serial goes beyond it */
	SERIAL_ABSURD, /* further than members are believed in one run */
};

/* Zero-initialised all was fine so far. */
struct serial {
	uint64_t skipped; /* SPIs, on members' word, since the start */
	size_t behind;    /* how often a member knew a later SPI */
	size_t absurd;    /* and was not believed */
};

/* next: the first SPI that the file has not given out. held: what a member says, 0: none. */
static inline enum serial_verdict serial_judge(const struct serial *serial, uint64_t next,
					       uint32_t held)
{
	if (held < next)
		return SERIAL_FINE;
	return serial->skipped + (held - next) < COVEY_SPI_JUMP_MAX ? SERIAL_BEHIND : SERIAL_ABSURD;
}
