/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A scratch directory for one test, gone with everything in it afterwards.
 */

#define SCRATCH_PATH_MAX 256

/* Returns 0 or -1. */
int scratch_new(char path[SCRATCH_PATH_MAX]);
void scratch_free(const char *path);
