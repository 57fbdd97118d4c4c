/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <daemon_options.h>
#include <stdbool.h>

enum guard_command {
	GUARD_COMMAND_NONE, /* run the host */
	GUARD_COMMAND_ON,
	GUARD_COMMAND_OFF,
	GUARD_COMMAND_KEEP,
};

struct options {
	struct daemon_options daemon;
	const char *name; /* of this host in the inventory; NULL: take the host name */
	const char *socket;
	const char *state; /* the file of mode_memory.h */
	enum guard_command guard;
	bool carrier_off; /* only take the host interface's carrier away */
};

/* Parse the command line. Ends the process with a message on a mistake, and after --help and
 * --version. Returns 0, or -ENOMEM, and then *ret_options is untouched. */
int options_parse(int argc, char **argv, struct options *ret_options);
