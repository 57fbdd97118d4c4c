/* SPDX-License-Identifier: BSD-3-Clause */
#include "quiet.h"

bool quiet_lets(struct quiet *quiet, unsigned burst, uint64_t now_ms, uint64_t *ret_unsaid)
{
	if (now_ms >= quiet->until_ms) {
		quiet->until_ms = now_ms + QUIET_INTERVAL_MS;
		quiet->said = 0;
	}
	if (quiet->said == burst) {
		quiet->unsaid++;
		return false;
	}
	quiet->said++;
	*ret_unsaid = quiet->unsaid;
	quiet->unsaid = 0;
	return true;
}
