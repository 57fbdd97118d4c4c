/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What members may write into messages about probes.
 */

#include <covey/error.h>
#include <stdbool.h>

#include "message.h"

/* Returns 0, or -EPROTO: what no honest member sends. */
int probe_check_request(const Covey__ProbeRequest *request, struct covey_error *error);
int probe_check_report(const Covey__ProbeReport *report, struct covey_error *error);
