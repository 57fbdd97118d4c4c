/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The figure gateway: whole programs, ports and all. */

#include "bench_figures.h"

/* The program: covey's worker loop between two ports that the options' EAL arguments name, with one
 * SA. Runs until the time is over or a signal ends it (SIGINT, SIGTERM), and tells what it did. */
int bench_gateway_program(const struct bench_figure *figure, const struct bench_options *options,
			  struct bench_report *report, struct covey_error *error);
