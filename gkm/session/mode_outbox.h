/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The part of the outbox that is about modes: for struct group_output, with a struct outbox as arg.
 */

#include "mode.h"

struct member;

void mode_outbox_send(const struct member *to, const struct mode_order *order, void *arg);
int mode_outbox_keep(const struct mode_record *record, void *arg);
void mode_outbox_log(enum mode_event event, void *arg);
