/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * An input of records (record.h), gone through and then gone through again several times, in the
 * same world, each third record as a variant of itself. Most of what such a world costs is its
 * beginning.
 */

#include "record.h"

#define CONVERSATION_ROUNDS    8u
#define CONVERSATION_STEPS_MAX 64u /* in each */

void conversation_have(const uint8_t *data, size_t size, void (*step)(const struct record *record));
