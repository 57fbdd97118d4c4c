/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The kernel's own name of an interface: an inventory may give an alternative one (`altname` of
 * `ip link`), which rules that match by name, XDP and /sys do not know.
 */

#include <covey/error.h>
#include <net/if.h>

/* Writes the kernel's own name to ret_name. -ENODEV when no interface has this name or altname. */
int link_name_resolve(const char *name, char ret_name[IFNAMSIZ]);

/* The same, but a name that nothing bears stands for itself: something of it may come. -ENODEV when
 * it is too long to be any but an alternative one. */
int link_name_find(const char *name, char ret_name[IFNAMSIZ], struct covey_error *error);
