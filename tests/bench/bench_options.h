/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The command line. */

#include "bench_figures.h"

struct bench_command {
	const struct bench_figure *figure;
	struct bench_options options;
	struct bench_report report;
};

/* What can be asked for; a row without a name ends. */
extern const struct bench_figure bench_figures[];

/* Fill in the command, or say what is wrong with it and exit (64, as argp does). */
void bench_options_parse(int argc, char **argv, struct bench_command *command);
