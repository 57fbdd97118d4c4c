/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

/*
 * Raise the limit of open files as far as COVEY_SESSIONS_MAX sessions need, or as the hard limit
 * allows. Returns how many sessions there are descriptors for.
 */
size_t descriptors_raise(void);
