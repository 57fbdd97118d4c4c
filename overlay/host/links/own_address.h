/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/addr.h>
#include <stdbool.h>

/* True when an interface in this network namespace has the address, and also when the kernel does
 * not say. */
bool own_address(const struct covey_addr *address);

/* The same of this interface alone; false when the kernel does not say. */
bool own_address_at(const char *interface, const struct covey_addr *address);
