/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Addresses that no machine can have, as other machines see it.
 */

#include <covey/addr.h>
#include <stdbool.h>

/*
 * Says what the address is if no machine can have it: a constant text, to be read after "is". NULL
 * when nothing is wrong with it. loopback: an address of the machine itself is good, too.
 */
const char *address_flaw(const struct covey_addr *address, bool loopback);
