/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Kernel network interfaces, by number, on and off.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Set the interface up or down. */
int link_switch(unsigned index, bool up, struct covey_error *error);
/* Set it down, and its MTU. */
int link_switch_down(unsigned index, uint16_t mtu, struct covey_error *error);
/* Give or take a carrier, of a driver that lets itself be told (TAP). */
int link_set_carrier(unsigned index, bool on, struct covey_error *error);
