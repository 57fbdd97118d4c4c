/* SPDX-License-Identifier: BSD-3-Clause */

#include "eal.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 16
/* Packet buffers, rings and tables without hugepages, MiB. */
#define MEMORY_MIB 256
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

int eal_open(const char *name, const char *cores, bool pci, struct covey_error *error)
{
	char cpus[CPUS_TEXT], lcores[2 * CPUS_TEXT + 32], prefix[96], memory[16];
	char *args[ARGS_MAX];
	int count = 0;

	/* libxdp's dispatcher shares an interface between several XDP programs; covey wants it
	 * alone. */
	setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);
	allowed_cpus(cpus, sizeof(cpus));
	/* lcore 0 is the control thread, lcore 1 the worker; the set after @ is where they may run.
	 */
	snprintf(lcores, sizeof(lcores), "--lcores=0@(%s),1@(%s)", cpus, cores ? cores : cpus);
	snprintf(prefix, sizeof(prefix), "--file-prefix=covey-%s", name);
	snprintf(memory, sizeof(memory), "%d", MEMORY_MIB);
	args[count++] = (char *)"covey-host";
	args[count++] = lcores;
	args[count++] = prefix;
	args[count++] = (char *)"--no-telemetry";
	args[count++] = (char *)"--log-level=warning";
	args[count++] = (char *)"-m";
	args[count++] = memory;
	if (free_hugepages_mib() >= MEMORY_MIB) {
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
				       "covey-host needs root and %d MiB of free memory",
				       rte_strerror(rte_errno), MEMORY_MIB);
	return 0;
}

void eal_close(void)
{
	rte_eal_cleanup();
}
