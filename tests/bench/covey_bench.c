/* SPDX-License-Identifier: BSD-3-Clause */

/* covey-bench: what covey's dataplane costs beside the raw cipher and beside ESP. */

#include "bench_figures.h"
#include "bench_gcm.h"
#include "bench_machine.h"
#include "bench_options.h"
#include "bench_plot.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ONLY_ENCRYPT BENCH_DIRECTION(BENCH_ENCRYPT)
#define ONLY_DECRYPT BENCH_DIRECTION(BENCH_DECRYPT)

const struct bench_figure bench_figures[] = {
	{"throughput", "one core, by size of the packets, and a mix of sizes", BENCH_AXIS_SIZE, 1,
	 BENCH_BOTH, BENCH_BOTH, bench_figure_throughput, BENCH_TAKES_BURST},
	{"cores", "by number of cores", BENCH_AXIS_CORES, 1, BENCH_BOTH, BENCH_BOTH,
	 bench_figure_cores, 0},
	{"size", "time by size, each byte from 64 to 2048", BENCH_AXIS_SIZE, 0.05, BENCH_BOTH,
	 ONLY_ENCRYPT, bench_figure_size, 0},
	{"headroom", "time by headroom, 0 to 64, in one segment and in two", BENCH_AXIS_HEADROOM,
	 0.2, BENCH_BOTH, ONLY_ENCRYPT, bench_figure_headroom, 0},
	{"senders", "by number of senders, and of windows of each", BENCH_AXIS_SENDERS, 1,
	 ONLY_DECRYPT, ONLY_DECRYPT, bench_figure_senders, BENCH_TAKES_KEY_SCOPE},
	{"groups", "what 4,096 VNIs in 256 groups cost beside one VNI", BENCH_AXIS_SIZE, 2,
	 BENCH_BOTH, BENCH_BOTH, bench_figure_groups, 0},
	{"reorder", "packets lost by replay window, when QoS reorders classes", BENCH_AXIS_DEPTH, 1,
	 ONLY_DECRYPT, ONLY_DECRYPT, bench_figure_reorder, 0},
	{"multicast", "a sender's cost for one packet to several receivers", BENCH_AXIS_RECEIVERS,
	 1, ONLY_ENCRYPT, ONLY_ENCRYPT, bench_figure_multicast, 0},
	{"gateway", "whole programs, ports and all, over a NIC in memory", BENCH_AXIS_SIZE, 2,
	 BENCH_BOTH, BENCH_BOTH, bench_figure_gateway, BENCH_STARTS_EAL},
	{0},
};

int main(int argc, char **argv)
{
	struct bench_command command = {.report = {.progress = isatty(STDERR_FILENO)}};
	struct covey_error error = {.text = ""};
	char library[64];
	int status = 0;

	bench_options_parse(argc, argv, &command);
	if (command.report.plot)
		status = bench_plot_ready(command.report.plot, &error);
	if (status == 0 && !(command.figure->traits & BENCH_STARTS_EAL)) {
		status = bench_machine_open(command.options.cores, &error);
		command.options.cores = bench_machine_cores();
	}
	if (status == 0) {
		if (!command.report.json)
			printf("%s by %s\n", covey_cipher_name(command.options.cipher),
			       bench_gcm_library(library, sizeof(library)));
		status = command.figure->run(command.figure, &command.options, &command.report,
					     &error);
		if (status == 0)
			status = bench_report_finish(&command.report, command.figure->axis, &error);
		bench_report_free(&command.report);
		if (!(command.figure->traits & BENCH_STARTS_EAL))
			bench_machine_close();
	}
	if (status < 0)
		fprintf(stderr, "covey-bench: %s\n", error.text);
	return status < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
