/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How far apart in time members may be when they go from one mode to another by themselves. Pure.
 */

#include <stdint.h>

struct group;
struct member;

/* The member has acknowledged the mode that it was told so long ago. */
void mode_apart_measure(const struct group *group, struct member *member, uint64_t took_ms);
/* At least COVEY_MODE_BETWEEN_MS: as long as the slowest member took to acknowledge a mode, or has
 * taken until now. now_ms 0: only what was measured. */
uint32_t mode_apart_ms(const struct group *group, uint64_t now_ms);
/* If members are farther apart than they were told: have them told again. */
void mode_apart_follow(struct group *group);
