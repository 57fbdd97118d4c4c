/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The capabilities that ports need. Memory is locked before, and says itself what it lacks.
 */

#include <covey/error.h>

struct inventory_host;

/* -EPERM with the name of the first that is missing. Reads this process's effective ones. */
int capabilities_check(const struct inventory_host *host, struct covey_error *error);

/* CAP_NET_ADMIN alone, which the guard needs. */
int capabilities_check_guard(struct covey_error *error);
