/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The file that says what a card's settings were before covey changed them: a line each, of name
 * and "on" or "off". Its name has network namespace and index of the interface, which the kernel
 * does not use again, and it lies in the runtime directory, which ends with the machine's run as
 * the settings do.
 */

#include <stdbool.h>
#include <stddef.h>

#define CARD_RECORD_PATH 256

struct card_setting {
	const char *name;
	bool was;
	bool recorded; /* in the file */
};

/* false: it cannot be told. */
bool card_record_path(unsigned index, char ret_path[CARD_RECORD_PATH]);

/* Those that the file has get was and recorded set. No file: none. */
void card_record_read(const char *path, struct card_setting *settings, size_t count);

/* Those that are recorded, all of them or none. 0 or a negative errno. */
int card_record_write(const char *path, const struct card_setting *settings, size_t count);
