/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * An SA comes in: its key goes to the dataplane, what the host remembers of it to the group's list.
 */

#include <covey/error.h>
#include <message.h>
#include <stdint.h>

struct effects;
struct membership;

/*
 * Install the SA that the message brings, or continue an installed one in the epoch of a new
 * registration; then acknowledge it. -EPROTO when the message makes no sense here.
 */
int held_sa_install(struct membership *group, uint64_t instance, const Covey__SaInstall *message,
		    uint64_t now, const struct effects *effects, struct covey_error *error);
