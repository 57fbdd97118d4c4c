/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The multicast groups of the fabric port: those that it has joined, and on which interface packets
 * to each leave. The control thread changes them, while workers look them up.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <stdint.h>

struct groups;

/* NULL when out of memory. */
struct groups *groups_new(void);
/* Leaves all groups. NULL-safe. */
void groups_free(struct groups *groups);

/* As port_kernel_join() and port_kernel_leave(). */
int groups_join(struct groups *groups, const struct covey_addr *group, unsigned ifindex,
		struct covey_error *error);
void groups_leave(struct groups *groups, const struct covey_addr *group, unsigned ifindex);

/* As port_kernel_report_groups(). */
int groups_report(const struct groups *groups);

/* On which interface packets to this group leave. 0: the kernel's routes decide. For workers. The
 * address has 16 bytes, IPv4 in the first four and zeroes after it. */
unsigned groups_interface(const struct groups *groups, const uint8_t *address);
