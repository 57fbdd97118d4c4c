/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The multicast groups of single VNIs, which a VXLAN device with a table of VNIs has beside its own
 * (vnifilter, Linux 5.18; `bridge vni`).
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <stddef.h>

/* List them, each once. device: its index. *ret_groups is the caller's to free. 0 or a negative
 * errno. */
int vni_groups_list(unsigned device, struct covey_addr **ret_groups, size_t *ret_count,
		    struct covey_error *error);

/* Have a socket of rtnetlink tell when such tables change. Where the kernel cannot, it has none. */
void vni_groups_watch(int fd);
