/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/addr.h>
#include <stdbool.h>

/* Has an interface in this network namespace the address? True also when the kernel does not say.
 */
bool own_address(const struct covey_addr *address);
