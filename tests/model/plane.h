/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "world.h"

/* A dataplane that keeps to dataplane.h, refuses what that page says, and has the rules look on. */
extern const struct dataplane_ops plane_ops;
