/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* Find the kernel's VXLAN device of this VNI and UDP port, in this network namespace. False: there
 * is none, or the kernel does not say. */
bool vni_device(uint32_t vni, uint16_t port, char ret_name[IFNAMSIZ]);
