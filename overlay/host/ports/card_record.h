/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The file that says what a card's settings were before covey changed them. Each line is the name
 * of a setting and "on" or "off". The file's name contains the network namespace and the index of
 * the interface, which the kernel does not use again. The file is in the runtime directory, which
 * does not outlive a reboot; nor do the settings.
 */

#include <stdbool.h>
#include <stddef.h>

#define CARD_RECORD_PATH 256

struct card_setting {
	const char *name;
	bool was;
	bool recorded; /* in the file */
};

/* False when the path cannot be found out. */
bool card_record_path(unsigned index, char ret_path[CARD_RECORD_PATH]);

/* Set `was` and `recorded` of the settings that are in the file. Without a file, nothing is set. */
void card_record_read(const char *path, struct card_setting *settings, size_t count);

/* Write the settings that have `recorded` set: all of them or none. Returns 0 or a negative
 * errno. */
int card_record_write(const char *path, const struct card_setting *settings, size_t count);
