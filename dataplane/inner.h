/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The inner packet: what is checked of it after decryption, and its release from what stands around
 * it. It may lie in several segments, and its headers too. */

#include "arrival.h"

/* May the decrypted packet enter? Carries the outer packet's congestion mark to it. */
enum covey_drop inner_check(const struct arrivals *arrivals, const struct arrival *arrival);

/* Remove what stands between Ethernet and the inner packet, and what follows it. */
void inner_release(const struct arrivals *arrivals, const struct arrival *arrival);
