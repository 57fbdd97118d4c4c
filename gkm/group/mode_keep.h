/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the files of mode.h share: the record on disk, and when members hear of it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mode.h"

bool mode_is_writing(const struct group_mode *mode);
/* Above those that may be on disk. */
uint64_t mode_next_serial(const struct group_mode *mode);
/* Nothing is changed, and no member is told, before it is on disk: when this returns 0, or in
 * mode_kept() after -EINPROGRESS. */
int mode_keep(struct group *group, const struct mode_written *written);
/* What was written is on disk. */
void mode_take(struct group_mode *mode);

/* Members are to be told the present record. */
void mode_tell_from_now_on(struct group *group, uint64_t now_ms);
void mode_tell_log(struct group *group, enum mode_event event);
/*
 * Members go by themselves soon. What they would be told now could reach some of them before that,
 * and others after it; and these could be too far from each other.
 */
bool mode_is_too_late(const struct group_mode *mode, uint64_t now_ms);

/* In mode_wish.c: what the operator wants is on disk. */
void mode_begin_change(struct group *group, uint64_t now_ms);
void mode_begin_confirmed(struct group *group, uint64_t now_ms);
