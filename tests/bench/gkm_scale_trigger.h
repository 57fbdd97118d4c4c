/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* `covey rekey` as the key manager sees it: a line to its control socket, and one back. */

#include <covey/error.h>

struct crowd;
struct trigger;

/* Ask. The answer is read from the event loop; crowd_fail() when it is no. */
int trigger_rekey(struct crowd *crowd, const char *socket, struct trigger **ret_trigger,
		  struct covey_error *error);
void trigger_free(struct trigger *trigger);
