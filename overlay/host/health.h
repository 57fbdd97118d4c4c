/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What this host can do for its groups' traffic, until when, and what is wrong. It goes by the SAs
 * that the host holds: a session is only what brings the next ones.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct host;
struct membership;

/* At most so many VNIs without a group are named. */
#define HEALTH_VNIS_MAX 16

/*
 * Does it forward, is its VTEP address there, is it in a group, and has it a key to send with in
 * each that it is in?
 */
bool health_is_ready(const struct host *host);

/* Add to a group's object what it sends and receives, and for how long. Times are in ms. */
void health_show_group(json_t *object, const struct membership *group, uint64_t now);

/* A list of sentences, each of which says what is wrong and what to do. NULL: memory is short. */
json_t *health_problems(const struct host *host);
