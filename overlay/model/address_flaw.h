/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Addresses that can be no machine's, as other machines see it.
 */

#include <covey/addr.h>
#include <stdbool.h>

/*
 * What the address is, to be read after "is": a constant text; NULL when nothing is wrong with it.
 * loopback: the machine itself will do.
 */
const char *address_flaw(const struct covey_addr *address, bool loopback);
