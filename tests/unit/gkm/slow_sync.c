/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Preloaded into a program it makes its disk slow, so that there is time for something to happen
 * between a write and its commit.
 */

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLOW_NS 3000000

static void wait_for_disk(void)
{
	const struct timespec slow = {.tv_nsec = SLOW_NS};

	nanosleep(&slow, NULL);
}

int fsync(int fd)
{
	wait_for_disk();
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	wait_for_disk();
	return (int)syscall(SYS_fdatasync, fd);
}
