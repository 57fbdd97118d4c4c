/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>
#include <stdbool.h>

/* Bind to a Unix socket and listen, as described at local_open(). Returns the descriptor or a
 * negative errno. */
int local_socket_open(const char *path, struct covey_error *error);

/* Does a process listen on this socket? False: certainly not, there is no such file, or nobody
 * behind it. A negative errno if that cannot be found out. */
int local_socket_listens(const char *path, bool *ret_listens, struct covey_error *error);
