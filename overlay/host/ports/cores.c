/* SPDX-License-Identifier: BSD-3-Clause */
#include "cores.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cores_read(const char *text, cpu_set_t *ret_set)
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

/* The first line of a small file, empty when there is none. */
static void read_line(const char *directory, const char *name, char *ret_line, size_t size)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (!file || !fgets(ret_line, (int)size, file))
		ret_line[0] = '\0';
	if (file)
		fclose(file);
	ret_line[strcspn(ret_line, "\n")] = '\0';
}

int cores_explain(const char *sysfs, int cpu, const char *host, struct covey_error *error)
{
	char directory[128], online[8], present[64];

	snprintf(directory, sizeof(directory), "%s/cpu%d", sysfs, cpu);
	read_line(sysfs, "present", present, sizeof(present));
	if (access(directory, F_OK) < 0)
		return covey_error_set(error, -ENODEV,
				       "covey_cores of %s names CPU %d, which this machine has "
				       "not: it has %s. Name others in the inventory",
				       host, cpu, present);
	/* A CPU that cannot be taken offline has no such file. */
	read_line(directory, "online", online, sizeof(online));
	if (strcmp(online, "0") == 0)
		return covey_error_set(error, -ENODEV,
				       "covey_cores of %s names CPU %d, which is offline: write 1 "
				       "to %s/online, or name others in the inventory",
				       host, cpu, directory);
	return covey_error_set(error, -ENODEV,
			       "covey_cores of %s names CPU %d, which this process may not use: "
			       "give it to the unit or the container (AllowedCPUs=), or name "
			       "others in the inventory",
			       host, cpu);
}

/* The present affinity may lack a CPU that may be used all the same, so only a try tells. */
static bool can_run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

int cores_check(const char *text, const char *host, struct covey_error *error)
{
	cpu_set_t before, set;
	int status = 0;

	if (sched_getaffinity(0, sizeof(before), &before) < 0)
		return covey_error_set(
			error, -errno,
			"the kernel does not say which CPUs this process may use: %s",
			strerror(errno));
	cores_read(text, &set);
	for (int cpu = 0; cpu < CPU_SETSIZE && status == 0; cpu++)
		if (CPU_ISSET(cpu, &set) && !can_run_on(cpu))
			status = cores_explain(CORES_SYSFS, cpu, host, error);
	sched_setaffinity(0, sizeof(before), &before);
	return status;
}
