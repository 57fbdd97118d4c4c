/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>

struct guard_watch;

/* How the guard stands, read back now. watch NULL: there is none to have. */
json_t *show_guard(struct guard_watch *watch);
