/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>
#include <stdbool.h>

/*
 * Have the kernel send complete frames, because a program takes them as they are: no checksum, VLAN
 * tag or segmentation is left to hardware. gro: switch receive aggregation (GRO) on, otherwise off.
 */
int link_set_offloads(const char *name, bool gro, struct covey_error *error);
