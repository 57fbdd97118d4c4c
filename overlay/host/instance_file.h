/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which start of covey-host was the last one here. It is a secret that nobody but this host and the
 * GKM knows, so the file is root's alone; a fabric's safety does not hang on it.
 */

#include <covey/error.h>
#include <stdint.h>

/*
 * Put instance into the file at path, in one step. *ret_previous is what was in it, 0: nothing that
 * counts. A negative errno when it cannot be written; *ret_previous is set then, too.
 */
int instance_file_swap(const char *path, uint64_t instance, uint64_t *ret_previous,
		       struct covey_error *error);
