/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Runs another program for what it prints, bounded in time and length.
 */

#include <stdbool.h>
#include <stddef.h>

#define REPORT_COMMAND_MS 10000

struct report_output {
	char *text;   /* what it printed, both streams, without NUL; never NULL after success */
	bool missing; /* there is no such program here */
	bool cut;     /* it printed more */
	bool late;    /* it ran too long */
	int status;   /* its exit status; 128 and more: the signal that ended it */
};

/* argv: its words and NULL. The program has no input, the words of no language, and finds others
 * where the system's are. max: bytes. Returns 0 or a negative errno. Free text with free(). */
int report_command_run(const char *const *argv, size_t max, struct report_output *ret_output);
