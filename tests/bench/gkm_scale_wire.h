/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * `covey check --wire` over all members, which the program itself does: the first member has
 * covey-host's control socket, and covey-host's code for what is asked there.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gkm_scale_gkm.h"

struct crowd;
struct scale_probe;

struct scale_wire_result {
	bool measured;
	double seconds;
	double gkm_cpu_s;
	uint64_t messages_to, messages_from; /* about probes, as the key manager sees them */
	uint64_t bytes_to, bytes_from;       /* of all connections, TLS and all */
	uint64_t frames, frames_most;        /* sent; by one host */
	uint64_t received_most;              /* by one host, of its runs */
	size_t runs, directions, encrypted, pairs, of_pairs;
};

/* Each member can take part in runs. Call this before they come. */
int scale_wire_prepare(struct crowd *crowd, struct covey_error *error);
/* Run the program. -EPROTO when it does not say what it must, of the first direction. */
int scale_wire_measure(struct crowd *crowd, const struct scale_gkm *gkm, const char *program,
		       double seconds, struct scale_wire_result *ret_result,
		       struct covey_error *error);
void scale_wire_free(struct crowd *crowd);
