/* SPDX-License-Identifier: BSD-3-Clause */

/* covey-bench: what covey's dataplane costs beside the raw cipher and beside ESP. */

#include "bench_figures.h"
#include "bench_machine.h"
#include "bench_options.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const struct bench_figure bench_figures[] = {
	{"throughput", "one core by packet size, and a mix of sizes", BENCH_AXIS_SIZE, 1,
	 bench_figure_throughput},
	{0},
};

int main(int argc, char **argv)
{
	struct bench_command command = {.report = {.progress = isatty(STDERR_FILENO)}};
	struct covey_error error = {.text = ""};
	int rc;

	bench_options_parse(argc, argv, &command);
	rc = bench_machine_open(command.options.cores, &error);
	if (rc == 0) {
		command.options.cores = bench_machine_cores();
		rc = command.figure->run(&command.options, &command.report, &error);
		if (rc == 0)
			rc = bench_report_finish(&command.report, command.figure->axis, &error);
		bench_report_free(&command.report);
		bench_machine_close();
	}
	if (rc < 0)
		fprintf(stderr, "covey-bench: %s\n", error.text);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
