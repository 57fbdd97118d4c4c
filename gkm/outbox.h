/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the state machine wants done, as messages to sessions and lines in the log.
 */

#include "group.h"

struct realm;

struct group_output outbox_output(struct realm *realm);
