/* SPDX-License-Identifier: BSD-3-Clause */

#include "eal.h"

#include <errno.h>
#include <port.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cores.h"
#include "hugepages.h"

#define ARGS_MAX 16
/* MiB for packet buffers, rings and tables, and what each further worker needs. */
#define MEMORY_MIB 256
#define WORKER_MIB 64
#define CPUS_TEXT  4096

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

/*
 * Lcore 0 is the control thread, which floats. The others are workers: one on each core of `cores`,
 * or a single one that floats, too. After the @ stand the CPUs where an lcore may run. Returns the
 * number of workers.
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
	cores_read(cores, &set);
	for (int cpu = 0; cpu < CPU_SETSIZE && workers < PORT_QUEUES_MAX; cpu++)
		if (CPU_ISSET(cpu, &set))
			used += (size_t)snprintf(ret_text + used, size - used, ",%u@%d", ++workers,
						 cpu);
	return workers;
}

struct arguments {
	char lcores[2 * CPUS_TEXT + 32], prefix[96], memory[16];
	char *list[ARGS_MAX];
};

/* Returns how many arguments there are. */
static int write_arguments(const struct eal_config *config, unsigned mib, bool huge, bool pci,
			   struct arguments *ret)
{
	int count = 0;

	snprintf(ret->prefix, sizeof(ret->prefix), "--file-prefix=covey-%s", config->name);
	/* Hugepages are taken at once, other memory when it is used, as by buffers for jumbo
	 * frames. */
	snprintf(ret->memory, sizeof(ret->memory), "%u", huge ? mib : 2 * mib);
	ret->list[count++] = (char *)"covey-host";
	ret->list[count++] = ret->lcores;
	ret->list[count++] = ret->prefix;
	ret->list[count++] = (char *)"--no-telemetry";
	ret->list[count++] = (char *)"--log-level=warning";
	ret->list[count++] = (char *)"-m";
	ret->list[count++] = ret->memory;
	if (huge) {
		ret->list[count++] = (char *)"--in-memory";
	} else {
		ret->list[count++] = (char *)"--no-huge";
		ret->list[count++] = (char *)"--no-shconf";
	}
	if (!pci)
		ret->list[count++] = (char *)"--no-pci";
	ret->list[count] = NULL;
	return count;
}

/*
 * EAL cannot be opened twice in one process, so a child tries it and ends. The child has a copy of
 * our memory, and locks memory as we do.
 */
static bool gets_hugepages(const struct eal_config *config, unsigned mib,
			   struct arguments *arguments)
{
	int count = write_arguments(config, mib, true, false, arguments);
	pid_t parent = getpid(), child = fork();
	int status = 0;

	if (child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
		    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
			_exit(1);
		_exit(rte_eal_init(count, arguments->list) < 0);
	}
	if (child < 0)
		return false;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Returns the lock to hold while hugepages are taken. -1: go on without them; ret_notice says
 * why. */
static int reserve_hugepages(const struct eal_config *config, unsigned mib,
			     struct arguments *arguments, struct covey_error *ret_notice)
{
	unsigned long mib_free;
	struct covey_error error;
	int lock = hugepages_lock(&error);

	if (lock < 0) {
		covey_error_set(ret_notice, 0, "no hugepages are used: %s", error.text);
		return -1;
	}
	mib_free = hugepages_free_mib(HUGEPAGES_SYSFS);
	if (mib_free >= mib && gets_hugepages(config, mib, arguments))
		return lock;
	close(lock);
	if (mib_free < mib)
		covey_error_set(ret_notice, 0,
				"no hugepages are used: of the %u MiB that covey_hugepages: auto "
				"wants, %lu are free: reserve more (vm.nr_hugepages), or none",
				mib, mib_free);
	else
		covey_error_set(ret_notice, 0,
				"no hugepages are used: %lu MiB are free, but DPDK cannot get %u "
				"of them: its own lines above say why",
				mib_free, mib);
	return -1;
}

int eal_open(const struct eal_config *config, struct covey_error *ret_notice,
	     struct covey_error *error)
{
	struct arguments arguments = {0};
	unsigned workers = write_lcores(config->cores, arguments.lcores, sizeof(arguments.lcores));
	unsigned mib = MEMORY_MIB + WORKER_MIB * (workers - 1);
	int lock = -1, count, status;

	/* libxdp's dispatcher shares an interface between several XDP programs; covey wants the
	 * interface for itself. */
	setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);
	if (config->hugepages)
		lock = reserve_hugepages(config, mib, &arguments, ret_notice);
	count = write_arguments(config, mib, lock >= 0, config->pci, &arguments);
	status = rte_eal_init(count, arguments.list);
	if (lock >= 0)
		close(lock);
	if (status < 0)
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
