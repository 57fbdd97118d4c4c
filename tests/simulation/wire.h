/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The connections between members and key manager: messages in order, that are late, that wait
 * while the network is cut, and that are lost with their connection. An end that closes is told to
 * the other one, unless its machine is gone.
 */

#include "channel.h"

struct process;

/* Is the other end of the channel there, and has it not closed? */
bool wire_is_whole(const struct channel *channel);
/* Whose end is the other one? */
struct process *wire_other(const struct channel *channel);
/* Free what is left of connections. */
void wire_forget(void);
