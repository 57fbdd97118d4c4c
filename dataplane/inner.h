/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The inner packet: what is checked of it after decryption, and its release from what stands around
 * it. It may lie in several segments, and its headers too. */

#include "arrival.h"

/*
 * May the decrypted packet enter? Then it gets the outer packet's congestion mark, and what stands
 * between Ethernet and it, or follows it, is removed.
 */
enum covey_drop inner_enter(const struct arrivals *arrivals, const struct arrival *arrival);
