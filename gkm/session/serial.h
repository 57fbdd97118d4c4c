/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Is the state file older than what members know? In Hello, each member says which SPI was the
 * highest that it has had since its start. If this file has not given out that SPI yet, then an
 * older backup was restored, or the file was lost, or the member lies. A member's word may raise
 * the serial, so that no SPI is used twice. But it may not raise it far, so that nobody can use up
 * the SPIs.
 */

#include <covey/limits.h>
#include <stddef.h>
#include <stdint.h>

enum serial_verdict {
	SERIAL_FINE,
	SERIAL_BEHIND, /* the file is older: the serial rises above that SPI */
	SERIAL_ABSURD, /* that SPI is higher than we believe members in one run */
};

/* When it is all zero, there was no such case so far. */
struct serial {
	uint64_t skipped; /* SPIs skipped because of members' word, since the start */
	uint64_t raising; /* that will be, when it is written */
	size_t behind;    /* how often a member knew a higher SPI */
	size_t absurd;    /* how often such a member was not believed */
};

/* next: the first SPI that the file has not given out. held: what the member says; 0 for none. */
static inline enum serial_verdict serial_judge(const struct serial *serial, uint64_t next,
					       uint32_t held)
{
	if (held < next)
		return SERIAL_FINE;
	return serial->skipped + serial->raising + (held - next) < COVEY_SPI_JUMP_MAX
		       ? SERIAL_BEHIND
		       : SERIAL_ABSURD;
}
