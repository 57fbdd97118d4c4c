/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_gateway_child.h"
#include "bench_machine.h"
#include <errno.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of covey and of ipsec-secgw, their NICs included, and of the largest packets more. */
#define HUGEPAGES_MB       192u
#define HUGEPAGES_SECGW_MB 512u
#define HUGEPAGES_JUMBO_MB 128u

/* --- CPUs ---------------------------------------------------------------------------------- */

static void choose_cpus(struct gateway_place *place)
{
	int found[2] = {0}, count = 0;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	/* The last ones: the first has the machine's interrupts. */
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && count < 2; cpu--)
		if (CPU_ISSET(cpu, &cpus))
			found[count++] = cpu;
	place->program_cpu = found[0];
	place->generator_cpu = found[count > 1];
	if (count < 2)
		fprintf(stderr, "covey-bench: no second core: the generator shares the program's, "
				"and sleeps when it can; times have its part in them\n");
}

/* --- hugepages ----------------------------------------------------------------------------- */

/* A view of the file system that nobody else sees, in which hugepages are mounted. */
static int mount_hugepages(struct gateway_place *place)
{
	char directory[64];
	int status = -EPERM;

	snprintf(directory, sizeof(directory), "%s/huge", place->directory);
	if (mkdir(directory, 0700) < 0)
		return -errno;
	if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("covey-bench", directory, "hugetlbfs", 0, "pagesize=2M") == 0)
		status = 0;
	return status;
}

static void choose_memory(struct gateway_place *place, const struct bench_options *options)
{
	unsigned long megabytes = HUGEPAGES_MB + (options->secgw ? HUGEPAGES_SECGW_MB : 0) +
				  (place->room > 4096 ? 2 * HUGEPAGES_JUMBO_MB : 0);

	if (bench_machine_hugepages_mb() < megabytes)
		fprintf(stderr,
			"covey-bench: no %lu MiB of free hugepages: the generator is a thread of "
			"the program instead of another process, and pages have 4 KiB\n",
			megabytes);
	else if (mount_hugepages(place) < 0)
		fprintf(stderr, "covey-bench: hugepages cannot be mounted, which root can: the "
				"generator is a thread of the program instead of another process, "
				"and pages have 4 KiB\n");
	else
		place->hugepages = true;
}

/* --- the place ----------------------------------------------------------------------------- */

int gateway_place_open(struct gateway_place *place, const struct bench_options *options,
		       unsigned size, struct covey_error *error)
{
	*place = (struct gateway_place){
		.directory = "/tmp/covey-bench.XXXXXX",
		.room = RTE_MAX(size, 2048u) + BENCH_ETHERNET_LEN + BENCH_HEADROOM_MAX,
	};
	if (!mkdtemp(place->directory)) {
		place->directory[0] = '\0';
		return covey_error_set(error, -errno, "cannot make a folder in /tmp: %s",
				       strerror(errno));
	}
	choose_cpus(place);
	choose_memory(place, options);
	bench_machine_tell_vectors();
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	return remove(path);
}

void gateway_place_close(struct gateway_place *place)
{
	char directory[64];

	if (!place->directory[0])
		return;
	if (place->hugepages) {
		snprintf(directory, sizeof(directory), "%s/huge", place->directory);
		umount2(directory, MNT_DETACH);
	}
	nftw(place->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	place->directory[0] = '\0';
}
