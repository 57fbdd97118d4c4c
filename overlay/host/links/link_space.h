/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Network namespaces of a thread's own, and what is put together in them to see what the kernel
 * does with packets. Nothing of the host's network is touched. A namespace and its interfaces go
 * when no thread, descriptor or socket uses it any more.
 */

#include <covey/addr.h>
#include <covey/error.h>

/* Move the calling thread into a new namespace. Returns a descriptor of it, or a negative errno:
 * -EPERM without CAP_SYS_ADMIN, or where the unit or the container forbids it. */
int link_space_new(struct covey_error *error);
/* Move the calling thread into the namespace. */
int link_space_enter(int space, struct covey_error *error);
/* Make a veth pair between the thread's namespace and another one. */
int link_space_add_veth(const char *name, const char *peer, int space, struct covey_error *error);

/* Give an interface an address, at once. prefix: bits. */
int link_add_address(const char *name, const struct covey_addr *address, unsigned prefix,
		     struct covey_error *error);
/* Make a bridge of these interfaces, and set it up. -ENOPKG when the kernel has none. */
int link_add_bridge(const char *name, const char *const *ports, unsigned count,
		    struct covey_error *error);
