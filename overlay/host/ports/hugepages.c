/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages.h"

#include <clock.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY "/run/covey"
#define LOCK      DIRECTORY "/hugepages.lock"
#define WAIT_MS   10000
#define NAP_MS    10

static unsigned long read_number(const char *sysfs, const char *name)
{
	unsigned long number = 0;
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", sysfs, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%lu", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

unsigned long hugepages_free_mib(const char *sysfs)
{
	unsigned long free_pages = read_number(sysfs, "free_hugepages");
	unsigned long promised = read_number(sysfs, "resv_hugepages");

	return free_pages > promised ? 2 * (free_pages - promised) : 0;
}

int hugepages_lock(struct covey_error *error)
{
	const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
	uint64_t deadline = clock_ms() + WAIT_MS;
	int fd, status;

	if (mkdir(DIRECTORY, 0755) < 0 && errno != EEXIST)
		return covey_error_set(error, -errno, "%s: %s", DIRECTORY, strerror(errno));
	fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return covey_error_set(error, -errno, "%s: %s", LOCK, strerror(errno));
	while ((status = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0) == -EWOULDBLOCK &&
	       clock_ms() < deadline)
		nanosleep(&nap, NULL);
	if (status == 0)
		return fd;
	close(fd);
	return covey_error_set(error, status, "%s: another covey-host holds it (%s)", LOCK,
			       strerror(-status));
}
