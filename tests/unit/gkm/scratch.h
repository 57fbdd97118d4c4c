/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A scratch directory for one test, gone with everything in it afterwards, and small disks.
 */

#include <stdbool.h>

#define SCRATCH_PATH_MAX 256

/* Returns 0 or -1. */
int scratch_new(char path[SCRATCH_PATH_MAX]);
void scratch_free(const char *path);

/*
 * Put a small file system there, that only this process and its children see, until
 * scratch_unmount(). False when we are not root; then the test is skipped. Root must be able to.
 */
bool scratch_mount(const char *directory);
void scratch_unmount(const char *directory);
/* Use up all that is free in the directory, with the file at path. 0 or -1. */
int scratch_fill(const char *path);
