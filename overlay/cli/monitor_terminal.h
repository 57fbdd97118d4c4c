/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The terminal that a page is drawn on, and whatever ends a program meanwhile: it is put back as it
 * was.
 */

#include <stdbool.h>

#include "monitor_page.h"

struct monitor_terminal;

/* draw: as a page, if standard output is a terminal; keys are read if standard input is one, too.
 * NULL: no memory, or the kernel gives no descriptor. From here on signals that end a program are
 * told by monitor_terminal_wait(). */
struct monitor_terminal *monitor_terminal_open(bool draw);
/* NULL-safe. */
void monitor_terminal_close(struct monitor_terminal *terminal);

/* Is a page drawn? */
bool monitor_terminal_draws(const struct monitor_terminal *terminal);
struct monitor_size monitor_terminal_size(const struct monitor_terminal *terminal);

enum {
	MONITOR_TIME_IS_UP = 0,
	MONITOR_RESIZED = -1,
	MONITOR_END = -2, /* a signal, or the terminal has gone */
};

/* Wait so many milliseconds at most. Returns a key that was pressed, or one of the above. */
int monitor_terminal_wait(struct monitor_terminal *terminal, long ms);
