/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>

/* Bind and listen on a Unix socket as local_open() says. Returns the descriptor or a negative
 * errno. */
int local_socket_open(const char *path, struct covey_error *error);
