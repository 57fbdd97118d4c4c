/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The file that keeps the instance number of the last start of covey-host here. Only this host and
 * the GKM know that number, so only root may read the file. The security of the fabric does not
 * depend on it.
 */

#include <covey/error.h>
#include <stdint.h>

/*
 * Write instance into the file at path, in one step. *ret_previous gets what was in it before; 0:
 * nothing valid. A negative errno when the file cannot be written; *ret_previous is set then, too.
 */
int instance_file_swap(const char *path, uint64_t instance, uint64_t *ret_previous,
		       struct covey_error *error);
