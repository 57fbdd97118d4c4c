/* SPDX-License-Identifier: BSD-3-Clause */

#include "eal.h"

#include <errno.h>
#include <port.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 16
/* Packet buffers, rings and tables without hugepages, and what each further worker needs, MiB. */
#define MEMORY_MIB 256
#define WORKER_MIB 64
#define CPUS_TEXT  4096

static unsigned long read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

/* Free hugepages of 2 MiB, in MiB. */
static unsigned long free_hugepages_mib(void)
{
	return 2 * read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
}

/* The CPUs that this process may use, as a list for EAL: "0,1,4". */
static void allowed_cpus(char *ret_list, size_t size)
{
	size_t used = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set))
		CPU_SET(0, &set);
	for (int cpu = 0; cpu < CPU_SETSIZE && used < size - 8; cpu++)
		if (CPU_ISSET(cpu, &set))
			used += (size_t)snprintf(ret_list + used, size - used, "%s%d",
						 used ? "," : "", cpu);
}

/* Cores of a list like "2,4-7", which the inventory's reader has checked. */
static void read_cores(const char *text, cpu_set_t *ret_set)
{
	CPU_ZERO(ret_set);
	while (*text != '\0') {
		char *end;
		long first = strtol(text, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		for (long cpu = first; cpu <= last && cpu < CPU_SETSIZE; cpu++)
			CPU_SET((int)cpu, ret_set);
		text = *end == ',' ? end + 1 : end;
	}
}

/*
 * lcore 0 is the control thread, which floats; from 1 on they are workers, one on each core, or one
 * that floats too. What stands after @ is where they may run. Returns the number of workers.
 */
static unsigned write_lcores(const char *cores, char *ret_text, size_t size)
{
	char cpus[CPUS_TEXT];
	unsigned workers = 0;
	size_t used;
	cpu_set_t set;

	allowed_cpus(cpus, sizeof(cpus));
	used = (size_t)snprintf(ret_text, size, "--lcores=0@(%s)", cpus);
	if (!cores) {
		snprintf(ret_text + used, size - used, ",1@(%s)", cpus);
		return 1;
	}
	read_cores(cores, &set);
	for (int cpu = 0; cpu < CPU_SETSIZE && workers < PORT_QUEUES_MAX; cpu++)
		if (CPU_ISSET(cpu, &set))
			used += (size_t)snprintf(ret_text + used, size - used, ",%u@%d", ++workers,
						 cpu);
	return workers;
}

int eal_open(const char *name, const char *cores, bool pci, struct covey_error *error)
{
	char lcores[2 * CPUS_TEXT + 32], prefix[96], memory[16];
	unsigned workers = write_lcores(cores, lcores, sizeof(lcores));
	unsigned mib = MEMORY_MIB + WORKER_MIB * (workers - 1);
	char *args[ARGS_MAX];
	int count = 0;

	/* libxdp's dispatcher shares an interface between several XDP programs; covey wants it
	 * alone. */
	setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);
	snprintf(prefix, sizeof(prefix), "--file-prefix=covey-%s", name);
	snprintf(memory, sizeof(memory), "%u", mib);
	args[count++] = (char *)"covey-host";
	args[count++] = lcores;
	args[count++] = prefix;
	args[count++] = (char *)"--no-telemetry";
	args[count++] = (char *)"--log-level=warning";
	args[count++] = (char *)"-m";
	args[count++] = memory;
	if (free_hugepages_mib() >= mib) {
		args[count++] = (char *)"--in-memory";
	} else {
		args[count++] = (char *)"--no-huge";
		args[count++] = (char *)"--no-shconf";
	}
	if (!pci)
		args[count++] = (char *)"--no-pci";
	args[count] = NULL;
	if (rte_eal_init(count, args) < 0)
		return covey_error_set(error, -rte_errno,
				       "DPDK does not start (%s): its own lines above say why; "
				       "covey-host needs root, %u MiB of free memory and the CPUs "
				       "of covey_cores",
				       rte_strerror(rte_errno), mib);
	return 0;
}

void eal_close(void)
{
	rte_eal_cleanup();
}
