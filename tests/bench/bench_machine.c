/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_machine.h"
#include "bench_dataplane.h"
#include <errno.h>
#include <rte_cpuflags.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Packets, sessions and keys of a core, and of the program. */
#define MEGABYTES_A_CORE 32u
#define MEGABYTES        64u

static unsigned machine_cores;

unsigned long bench_machine_hugepages_mb(void)
{
	static const unsigned sizes_kb[] = {2048, 1048576};
	unsigned long megabytes = 0, pages;
	char path[96];

	for (unsigned i = 0; i < RTE_DIM(sizes_kb); i++) {
		FILE *file;

		snprintf(path, sizeof(path),
			 "/sys/kernel/mm/hugepages/hugepages-%ukB/free_hugepages", sizes_kb[i]);
		file = fopen(path, "r");
		if (file && fscanf(file, "%lu", &pages) == 1)
			megabytes += pages * (sizes_kb[i] / 1024);
		if (file)
			fclose(file);
	}
	return megabytes;
}

/* "0@3,1@5": core and CPU. Returns how many. */
static unsigned write_lcores(char *text, size_t size, unsigned cores)
{
	cpu_set_t cpus;
	unsigned count = 0;
	size_t at = 0;

	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (int cpu = 0; cpu < CPU_SETSIZE && count < cores; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s%u@%d", count ? "," : "", count,
				       cpu);
		count++;
	}
	return count;
}

void bench_machine_tell_vectors(void)
{
	if (rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512F) != 1)
		fprintf(stderr, "covey-bench: no AVX-512: measured with what this CPU has\n");
}

static void tell(unsigned wanted, unsigned long megabytes, bool huge)
{
	if (machine_cores < wanted)
		fprintf(stderr,
			"covey-bench: %u cores wanted, measured with the %u that there %s\n",
			wanted, machine_cores, machine_cores == 1 ? "is" : "are");
	if (!huge)
		fprintf(stderr,
			"covey-bench: no %lu MiB of free hugepages: measured in 4 KiB pages\n",
			megabytes);
	bench_machine_tell_vectors();
}

int bench_machine_open(unsigned wanted, struct covey_error *error)
{
	char lcores[16 * BENCH_CORES_MAX], memory[16], prefix[32];
	/* DPDK takes --in-memory with hugepages alone. */
	char *arguments[] = {"covey-bench",
			     "--no-pci",
			     "--no-telemetry",
			     "--log-level",
			     "lib.*:error",
			     "--lcores",
			     lcores,
			     "-m",
			     memory,
			     "--in-memory",
			     "",
			     ""};
	unsigned count = write_lcores(lcores, sizeof(lcores), wanted ? wanted : BENCH_CORES_MAX);
	unsigned long megabytes = MEGABYTES + count * MEGABYTES_A_CORE;
	bool huge = bench_machine_hugepages_mb() >= megabytes;
	int argc = 10;

	snprintf(prefix, sizeof(prefix), "--file-prefix=covey-bench-%d", getpid());
	if (!huge) {
		arguments[argc - 1] = "--no-huge";
		arguments[argc++] = "--no-shconf";
		arguments[argc++] = prefix;
	}
	snprintf(memory, sizeof(memory), "%lu", megabytes);
	if (rte_eal_init(argc, arguments) < 0)
		return covey_error_set(error, -rte_errno, "DPDK does not start here: %s",
				       rte_strerror(rte_errno));
	machine_cores = count;
	tell(wanted, megabytes, huge);
	return 0;
}

void bench_machine_close(void)
{
	rte_eal_cleanup();
}

unsigned bench_machine_cores(void)
{
	return machine_cores;
}

/* --- the team ------------------------------------------------------------------------------ */

struct task {
	void (*work)(void *argument, unsigned core);
	void *argument;
};

static int take_part(void *argument)
{
	const struct task *task = argument;

	task->work(task->argument, rte_lcore_id());
	return 0;
}

void bench_machine_run(void (*work)(void *argument, unsigned core), void *argument, unsigned cores)
{
	struct task task = {work, argument};

	for (unsigned core = 1; core < cores; core++)
		rte_eal_remote_launch(take_part, &task, core);
	work(argument, 0);
	for (unsigned core = 1; core < cores; core++)
		rte_eal_wait_lcore(core);
}

void bench_meeting_wait(struct bench_meeting *meeting, unsigned cores)
{
	unsigned arrived = __atomic_add_fetch(&meeting->arrived, 1, __ATOMIC_ACQ_REL);
	unsigned all = (arrived + cores - 1) / cores * cores;

	while (__atomic_load_n(&meeting->arrived, __ATOMIC_ACQUIRE) < all)
		rte_pause();
}
