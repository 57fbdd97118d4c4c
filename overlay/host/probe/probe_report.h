/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a host says about an order.
 */

#include "probe_run.h"

void probe_report_ready(const struct probe_run *run);
void probe_report_done(const struct probe_run *run);
/* reason: for a person, printable ASCII. */
void probe_report_failed(const struct probe_run *run, const Covey__ProbeOrder *order,
			 const char *reason);
