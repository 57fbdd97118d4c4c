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
/* As long as the slowest member took to acknowledge a mode, or has taken until now, rounded up to
 * COVEY_MODE_BETWEEN_MS, 1, 2, 4, 8 or 10 s. now_ms 0: only what was measured. */
uint32_t mode_apart_ms(const struct group *group, uint64_t now_ms);
/* If members are farther apart than they were told: have them told again, while there is time. */
void mode_apart_follow(struct group *group, uint64_t now_ms);
