/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What must be right before anything starts, with errors that say how to fix it.
 */

#include <covey/error.h>

struct inventory;
struct inventory_host;
struct tls;

/* -EPERM unless we are root. */
int startup_check_root(struct covey_error *error);

/* Open no descriptor from FD_SETSIZE on: libnftables waits with select(), and the C library ends
 * the process there. So what comes too much gets an error instead. */
void startup_bound_descriptors(void);

/*
 * Find this host in the inventory that was read from file: by name or, when that is NULL, by the
 * full host_name, and then by its part before the first dot. -ENOENT: error names the most similar
 * host.
 */
int startup_find_self(const struct inventory *inventory, const char *file, const char *name,
		      const char *host_name, const struct inventory_host **ret_self,
		      struct covey_error *error);

/*
 * Give self's interfaces the kernel's own names where the inventory has alternative ones. An
 * interface that does not exist keeps its name.
 */
int startup_resolve_interfaces(struct inventory *inventory, const struct inventory_host *self,
			       struct covey_error *error);

/* Load this host's certificate and key from directory, and check whom it speaks for. */
int startup_load_tls(const struct inventory *inventory, const char *directory, const char *name,
		     struct tls **ret_tls, struct covey_error *error);
