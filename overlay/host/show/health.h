/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What this host can do for its groups' traffic, until when, and what is wrong. That depends on the
 * SAs that the host holds; a session only brings the next ones.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct host;
struct membership;

/* At most this many VNIs that are in no group are named. */
#define HEALTH_VNIS_MAX 16

/*
 * True when the host forwards, its VTEP address and an uplink are there, it is in a group, and it
 * has a key to send with in each group that it wants to be in and is not refused.
 */
bool health_is_ready(const struct host *host);

/* Add to a group's JSON object whether the host sends and receives in it, and for how long. now:
 * ms. */
void health_show_group(json_t *object, const struct membership *group, uint64_t now);

/* A list of sentences. Each says what is wrong and what to do. NULL: out of memory. */
json_t *health_problems(const struct host *host);
