/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Switches kernel network interfaces on and off, by their number.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Set the interface up or down. */
int link_switch(unsigned index, bool up, struct covey_error *error);
/* Set the interface down, and set its MTU. */
int link_switch_down(unsigned index, uint16_t mtu, struct covey_error *error);
/* Switch its carrier on or off, if its driver lets a program do that (TAP). */
int link_set_carrier(unsigned index, bool on, struct covey_error *error);
