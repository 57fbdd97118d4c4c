/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The capabilities that ports need. What locked memory needs is not checked here: memory is locked
 * earlier, and that step reports itself what it lacks.
 */

#include <covey/error.h>

struct inventory_host;

/* Checks the effective capabilities of this process. -EPERM, with the name of the first that is
 * missing. */
int capabilities_check(const struct inventory_host *host, struct covey_error *error);

/* The same for CAP_NET_ADMIN alone, which is all that the guard needs. */
int capabilities_check_guard(struct covey_error *error);
