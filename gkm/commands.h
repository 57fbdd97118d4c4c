/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What an operator on this machine can ask of the running key manager, over its local control
 * socket.
 */

#include <covey/error.h>

struct commands;
struct manager;

/* Listen at path. The error says what to do. */
int commands_open(struct manager *manager, const char *path, struct commands **ret_commands,
		  struct covey_error *error);
/* NULL-safe. */
void commands_close(struct commands *commands);
