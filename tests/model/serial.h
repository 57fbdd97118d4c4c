/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "world.h"

/*
 * A digest of all in a world that bears on what can happen in it, field by field and so without
 * padding. Times are relative to now; counters whose value means nothing are left out. What the
 * programs remember beyond what is told here is found by explore_audit().
 */
uint64_t serial_digest(const struct world *world);
