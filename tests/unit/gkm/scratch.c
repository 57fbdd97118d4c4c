/* SPDX-License-Identifier: BSD-3-Clause */
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

int scratch_new(char path[SCRATCH_PATH_MAX])
{
	const char *parent = getenv("TMPDIR");

	snprintf(path, SCRATCH_PATH_MAX, "%s/covey-test-XXXXXX", parent ? parent : "/tmp");
	return mkdtemp(path) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	/* A test that failed has left a disk of its own here. */
	if (remove(path) < 0 && errno == EBUSY && umount2(path, MNT_DETACH) == 0)
		remove(path);
	return 0;
}

void scratch_free(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool scratch_mount(const char *directory)
{
	if (geteuid() != 0)
		return false;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, "size=96k,mode=700"), 0);
	return true;
}

void scratch_unmount(const char *directory)
{
	umount2(directory, MNT_DETACH);
}

int scratch_fill(const char *path)
{
	static const char block[512] = "full";
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd < 0)
		return -1;
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	close(fd);
	return 0;
}
