/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct dataplane;
struct dataplane_sender_counters;

/* Each returns NULL when it is out of memory. */
json_t *show_windows(const struct dataplane *dataplane);
json_t *show_counters(const struct dataplane *dataplane);
json_t *show_drops(const struct dataplane *dataplane);
json_t *show_ports(const struct dataplane *dataplane);
json_t *show_buffers(const struct dataplane *dataplane);
/* What a group has sent and received, by the group's index. */
json_t *show_traffic(const struct dataplane *dataplane, uint32_t group);

/* What came from each sender of a group. */
struct show_received {
	struct dataplane_sender_counters *list; /* sorted by SenderID */
	size_t count;
};

/* Without memory the list is empty. Free it with show_received_end(). */
struct show_received show_received_read(const struct dataplane *dataplane, uint32_t group);
/* Add to object what came from this sender. */
void show_received(const struct show_received *received, uint16_t sender_id, json_t *object);
void show_received_end(struct show_received *received);
