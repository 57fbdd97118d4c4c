/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The host interface where the kernel keeps its interfaces: a TAP device that stays when covey-host
 * ends. It has no address that others could use, and no route. What the guard forwards to it comes
 * to covey-host, and the kernel takes what covey-host writes to it for packets from the fabric.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The guard's rule holds the index of the host interface. So it gets a random one that no other
 * interface will come to have by itself: the kernel gives them in turn, from 1. 0: there is no
 * random number, and the kernel chooses.
 */
#define LINK_RANDOM_INDEX_MIN 0x40000000u
unsigned link_random_index(void);

/* Make it, if there is none of that name, with a random index. A pair of covey's (link_pair.h)
 * gives way. -EEXIST when the name belongs to an interface that is not such a TAP device. */
int link_tap_make(const char *name, struct covey_error *error);

/* Is the interface of this name such a TAP device? */
bool link_tap_is_ours(const char *name);

/*
 * The only address that it has, for IPv4. The kernel takes no packets in where reverse paths are
 * filtered, however loosely, and the interface has no address. All of 127/8 is the host's already,
 * and no routing protocol speaks of it.
 */
#define LINK_TAP_ADDRESS "127.47.98.1/32"

/*
 * Set it up for an address family: AF_INET or AF_INET6. Packets that come in there have sources to
 * which the kernel's routes lead elsewhere, so its filter of reverse paths must be loose
 * (rp_filter).
 */
int link_tap_set_up(const char *name, int family, const uint8_t *mac, uint16_t mtu,
		    struct covey_error *error);
