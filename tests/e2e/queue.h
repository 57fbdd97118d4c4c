/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Frames that wait until their time has come.
 */

#include <stddef.h>
#include <stdint.h>

#define QUEUE_FRAME_MAX 2048
#define QUEUE_MAX       8192

struct queued {
	struct queued *next;
	uint64_t due_ns;
	size_t len;
	uint8_t bytes[QUEUE_FRAME_MAX];
};

struct queue {
	struct queued *first; /* by due_ns, equals in the order they came */
	size_t count;
};

/* 0, or -ENOMEM, -ENOSPC, -EMSGSIZE. */
int queue_add(struct queue *queue, uint64_t due_ns, const uint8_t *bytes, size_t len);
/* The next frame that is due, or NULL; the caller frees it. */
struct queued *queue_take(struct queue *queue, uint64_t now_ns);
void queue_free(struct queue *queue);
