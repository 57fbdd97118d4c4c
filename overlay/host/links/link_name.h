/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The kernel's own name of an interface. An inventory may give an alternative name (`altname` of
 * `ip link`), but rules that match by name, XDP and /sys only know the kernel's own.
 */

#include <covey/error.h>
#include <net/if.h>

/* Writes the kernel's own name to ret_name. -ENODEV when no interface has this name or altname. */
int link_name_resolve(const char *name, char ret_name[IFNAMSIZ]);

/* The same, but a name that no interface has is copied as it is: an interface of that name may come
 * later. -ENODEV when it is so long that it can only be an alternative name. */
int link_name_find(const char *name, char ret_name[IFNAMSIZ], struct covey_error *error);
