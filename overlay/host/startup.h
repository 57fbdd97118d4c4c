/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What must be right before anything starts, with errors that say how to put it right.
 */

#include <covey/error.h>

struct inventory;
struct inventory_host;
struct tls;

/* -EPERM unless we are root. */
int startup_check_root(struct covey_error *error);

/* This machine's host name in full, empty when it cannot be had. */
#define STARTUP_HOST_NAME_SIZE 65 /* HOST_NAME_MAX and a zero */
void startup_read_host_name(char ret_name[STARTUP_HOST_NAME_SIZE]);

/*
 * Find this host in the inventory that was read from file: by name, or, when that is NULL, by
 * host_name in full, else by its part before the first dot. -ENOENT names the nearest one.
 */
int startup_find_self(const struct inventory *inventory, const char *file, const char *name,
		      const char *host_name, const struct inventory_host **ret_self,
		      struct covey_error *error);

/*
 * From here on self's interfaces bear the kernel's own names, whatever alternative name the
 * inventory gave; one that is not there keeps what it was given.
 */
int startup_resolve_interfaces(struct inventory *inventory, const struct inventory_host *self,
			       struct covey_error *error);

/* Load this host's certificate and key from directory, and check whom it speaks for. */
int startup_load_tls(const struct inventory *inventory, const char *directory, const char *name,
		     struct tls **ret_tls, struct covey_error *error);
