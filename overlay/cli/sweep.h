/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "cli.h"

struct sweep {
	char from[64];
	long passes; /* the largest tenant's packet that passes; 0: none */
	long added;  /* by how much it is longer on the fabric, as an IP packet */
};

/*
 * Find the largest tenant's packet of up to top bytes that passes from a host to another one. from:
 * NULL: this host. group: NULL: the first one of both. command: for messages. hint: what it may be;
 * 0: nobody knows. False when nothing passes or it cannot be tried; the reason is printed then.
 */
bool sweep_find(const struct cli *cli, const char *command, const char *group, const char *from,
		const char *to, long top, long hint, struct sweep *ret_sweep);

/* covey ping --sweep: find and print it to the host and back. Returns an exit status. */
int sweep(struct cli *cli, const char *host, const char *group);
