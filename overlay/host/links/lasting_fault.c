/* SPDX-License-Identifier: BSD-3-Clause */

#include "lasting_fault.h"

bool lasting_fault_note(struct lasting_fault *fault, uint64_t now_ms)
{
	fault->times++;
	if (fault->times > 1 && now_ms - fault->logged_ms < LASTING_FAULT_REST_MS)
		return false;
	fault->logged_ms = now_ms;
	return true;
}

uint64_t lasting_fault_end(struct lasting_fault *fault)
{
	uint64_t times = fault->times;

	fault->times = 0;
	return times;
}
