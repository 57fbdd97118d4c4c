/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>

/* Bind to a Unix socket and listen, as described at local_open(). Returns the descriptor or a
 * negative errno. */
int local_socket_open(const char *path, struct covey_error *error);
