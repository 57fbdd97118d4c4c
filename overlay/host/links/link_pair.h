/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The host interface where the kernel keeps its interfaces and has no tunnel GSO for TAP devices
 * (link_tap.h): one end of a veth pair, which stays when covey-host ends. covey-host takes packets
 * at the other end. It is set up by link_tap_set_up().
 */

#include <covey/error.h>

/*
 * Make it, if there is none of that name, with a random index, as link_tap_make() does. A TAP
 * device of covey's gives way. -EEXIST when one of the names belongs to another interface.
 */
int link_pair_make(const char *name, const char *peer, struct covey_error *error);

/* Remove the interface of this name if it is such a pair. */
int link_pair_remove(const char *name, struct covey_error *error);
