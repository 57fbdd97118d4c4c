/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/*
 * Set each group's depth: the longest way from `all`, whose is 0. Returns false, with a diagnostic,
 * when groups form a loop.
 */
bool order_groups(struct reader *reader);
