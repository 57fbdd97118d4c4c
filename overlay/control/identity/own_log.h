/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What both daemons log about their certificates. Used in own_watch's callbacks.
 */

#include "own_watch.h"

void own_log_loaded(const struct own_chain *chain, bool changed, void *arg);
void own_log_failed(const struct covey_error *error, void *arg);
void own_log_ends(const struct own_certificate *certificate, long long seconds, void *arg);
