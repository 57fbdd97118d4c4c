/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A program's event loop. */

#include <event2/event.h>

struct process;

struct event_base *loop_base_new(struct process *process);
void loop_base_free(struct event_base *base);
/* The program ends its loop: gkm.c says what follows. */
void loop_broken(struct process *process);
