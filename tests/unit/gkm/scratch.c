/* SPDX-License-Identifier: BSD-3-Clause */
#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int scratch_new(char path[SCRATCH_PATH_MAX])
{
	const char *parent = getenv("TMPDIR");

	snprintf(path, SCRATCH_PATH_MAX, "%s/covey-test-XXXXXX", parent ? parent : "/tmp");
	return mkdtemp(path) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	return remove(path);
}

void scratch_free(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
